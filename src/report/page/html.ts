/** Pieces of HTML that every part of the page uses. Text of a dump passes `html` of markup.ts, and nothing else does. */
import { hex, size } from '../../schema/units.js';
import { FRAME } from './kept.js';
import { html } from './markup.js';
import type { Records } from './records.js';

/** What addresses lead to. */
export type Anchors = Pick<Records, 'anchorAt'>;

/** An address: a link where a record is there; the page's script makes links to the map of the others. */
export function addressHtml(address: bigint | number, { anchorAt }: Anchors): string {
  const text = hex(address);
  const anchor = anchorAt(address);
  if (anchor !== undefined) return `<a class="address" href="#${anchor}">${text}</a>`;
  return `<span class="address" data-at="${text}">${text}</span>`;
}

/** `0x1000-0x3000` in frames, as {@link addressHtml} of its start. */
export function rangeHtml(start: number, end: number): string {
  return `<span class="address" data-at="${frameText(start)}">${frameText(start)}-${frameText(end)}</span>`;
}

/** A frame number as an address. */
export function frameText(frame: number): string {
  return frame === 0 ? '0x0' : `0x${frame.toString(16)}000`;
}

/** A number of frames as a size. */
export function framesText(frames: number): string {
  return size(BigInt(frames) * BigInt(FRAME));
}

/** A link inside the page; `anchor` is one of the page's own ids. */
export function linkHtml(anchor: string, text: string): string {
  return `<a href="#${html(anchor)}">${html(text)}</a>`;
}

/** A number for people. */
export function number(value: number): string {
  return value.toLocaleString('en');
}

/** A section with its heading; nothing where the body is empty. */
export function* section(id: string, title: string, body: Iterable<string>): Generator<string> {
  let open = false;
  for (const part of body) {
    if (!open)
      yield `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${html(title)}</h2>\n`;
    open = true;
    yield part;
  }
  if (open) yield '</section>\n';
}

/** A table that scrolls on its own where it is wider than the page. */
export function* wideTable(
  label: string,
  columns: readonly string[],
  rows: Iterable<string>,
): Generator<string> {
  yield `<div class="wide" role="group" aria-label="${html(label)}" tabindex="0">\n<table>\n<thead><tr>`;
  for (const column of columns) yield `<th scope="col">${html(column)}</th>`;
  yield '</tr></thead>\n<tbody>\n';
  for (const row of rows) yield row;
  yield '</tbody>\n</table>\n</div>\n';
}
