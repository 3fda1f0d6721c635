/** The records of the page, list by list, each as a table of its fields. */
import { hex } from '../../schema/units.js';
import type { FieldRow } from './fields.js';
import { addressHtml, number } from './html.js';
import { html } from './markup.js';
import type { PageModel } from './model.js';
import { type Records, recordPlace, type ShownGroup, type ShownRecord } from './records.js';

/** Records of a type whose fields are described; the others have names and values only. */
const DESCRIBED = 1;

/** All lists, folded. */
export function* recordsHtml({ records }: PageModel): Generator<string> {
  const described = new Map<string, number>();
  for (const group of records.groups) yield* groupHtml(group, records, described);
}

function* groupHtml(
  { title, anchor, total, records: list }: ShownGroup,
  records: Records,
  described: Map<string, number>,
): Generator<string> {
  yield `<details class="list" id="${anchor}"><summary>${html(title)} <span class="count">${number(total)}</span></summary>\n`;
  for (const record of list) yield* recordHtml(record, records, described);
  if (total > list.length)
    yield `<p class="faint">and ${number(total - list.length)} more (kho dump has them all)</p>\n`;
  yield '</details>\n';
}

function* recordHtml(
  record: ShownRecord,
  records: Records,
  described: Map<string, number>,
): Generator<string> {
  const { anchor, what, record: type, rows, hidden, referrers, size } = record;
  const count = described.get(type.name) ?? 0;
  described.set(type.name, count + 1);
  yield `<details class="record" id="${anchor}"><summary><span class="what">${html(what)}</span> <code>${html(type.kernelName)}</code> <span class="address">${recordPlace(record)}</span></summary>\n`;
  if (count < DESCRIBED) yield `<p class="faint">${html(type.doc.trim())} ${size} bytes.</p>\n`;
  if (rows === undefined) yield `<p class="warning">${html(hidden ?? '')}</p>\n`;
  else {
    yield '<table class="fields">\n<thead><tr><th scope="col">Offset</th><th scope="col">Field</th><th scope="col">Bytes</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>\n<tbody>\n';
    for (const row of rows) yield rowHtml(row, count < DESCRIBED, records);
    yield '</tbody>\n</table>\n';
  }
  if (referrers.length > 0) {
    yield '<p class="referrers">Referred to by ';
    yield referrers
      .map(
        ({ anchor: from, what: who, field, page }) =>
          `<a href="#${from}">${html(who)}</a> <code>${html(field)}</code>${page === true ? ' (its page)' : ''}`,
      )
      .join('; ');
    yield '</p>\n';
  }
  if (!record.inBlob)
    yield `<p class="on-map"><span class="address" data-at="${hex(record.address)}" data-map="1">${hex(record.address)} on the map</span></p>\n`;
  yield '</details>\n';
}

function rowHtml(
  { offset, name, bytes, value, meaning, doc, target }: FieldRow,
  full: boolean,
  records: Records,
): string {
  const shown = target === undefined ? html(value) : pointerHtml(value, target, records);
  const words = [meaning, full ? doc : ''].filter((text) => text !== '').join('; ');
  return `<tr><td class="mono">${offset}</td><td>${html(name)}</td><td class="mono">${bytes}</td><td class="mono">${shown}</td><td>${html(words)}</td></tr>\n`;
}

function pointerHtml(value: string, target: bigint, records: Records): string {
  if (hex(target) === value) return addressHtml(target, records);
  return `${html(value)} → ${addressHtml(target, records)}`;
}
