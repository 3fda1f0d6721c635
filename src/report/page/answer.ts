/**
 * What lies at an address, by what the page itself knows: the one place that the search asks. It has no document, so that
 * another source of answers can take its place.
 */
import { firstAfter } from '../../memory/first-after.js';
import type { Bars } from './bars.js';
import { type PageData, readBars } from './data.js';

/** Data with their bars read. */
export interface ReadPage {
  readonly data: PageData;
  /** Of each lane the levels, the finest first. */
  readonly lanes: readonly (readonly Bars[])[];
  readonly links: readonly Bars[];
}

/** A line of an answer; text is not escaped. */
export interface AnswerLine {
  readonly label: string;
  readonly text: string;
  /** Id of an element that tells more. */
  readonly anchor?: string;
  readonly bad?: true;
}

export interface Answer {
  readonly title: string;
  /** Physical address to show on the map. */
  readonly address?: number;
  readonly lines: readonly AnswerLine[];
}

/** Lines of one kind. */
const MAX_LINES = 12;
const MAX_HITS = 30;
/** Steps of a chain of references. */
const MAX_CHAIN = 12;

/** Reads the bars of a page once. */
export function readPage(data: PageData): ReadPage {
  return {
    data,
    lanes: data.lanes.map(({ levels }) => levels.map(readBars)),
    links: data.spaces.map(({ links }) => readBars(links)),
  };
}

/** The index of the first bar that ends after a frame. */
export function firstBar({ ends, length }: Bars, frame: number): number {
  return firstAfter(ends, frame, length);
}

/** `0x…`, lower case. */
export function hexText(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Bytes with a binary unit; one decimal where it is not whole. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}

/** What lies at a physical address. */
export function answerAt(page: ReadPage, address: number): Answer {
  const { data, lanes } = page;
  const frame = Math.floor(address / data.frame);
  const lines: AnswerLine[] = [];
  let known = false;
  for (const [i, lane] of data.lanes.entries()) {
    const bars = lanes[i]?.[0];
    if (bars === undefined || lane.kind === 'dump') {
      if (bars !== undefined) known ||= barAt(bars, frame) !== undefined;
      continue;
    }
    if (lane.id === 'findings') continue;
    const bar = barAt(bars, frame);
    if (bar !== undefined) lines.push(laneLine(page, lane, bars, bar, frame, address));
  }
  if (!lines.some(({ label }) => label === 'preserved') && data.lanes.some(({ id }) => id === 'preserved'))
    lines.unshift({ label: 'preserved', text: 'no' });
  lines.unshift({ label: 'in the dump', text: known ? 'yes' : 'no' });
  lines.push(
    ...recordLines(data, address),
    ...mappedLines(page, frame, address),
    ...findingLines(data, address, frame),
  );
  return {
    title: `${hexText(address)}, page frame ${hexText(Math.floor(address / data.pageSize))}`,
    address,
    lines,
  };
}

function barAt(bars: Bars, frame: number): number | undefined {
  const i = firstBar(bars, frame);
  return i < bars.length && (bars.starts[i] as number) <= frame ? i : undefined;
}

function laneLine(
  { data }: ReadPage,
  lane: PageData['lanes'][number],
  bars: Bars,
  bar: number,
  frame: number,
  address: number,
): AnswerLine {
  const [start, end] = [bars.starts[bar] as number, bars.ends[bar] as number];
  const [owner, anchor] = data.owners[bars.owners[bar] as number] ?? ['several owners', ''];
  const count = bars.counts[bar] as number;
  const range = `${hexText(start * data.frame)}-${hexText(end * data.frame)}, ${sizeText((end - start) * data.frame)}`;
  const position = bars.positions[bar] as number;
  // Of several runs that are one bar nothing tells where in its file this page is.
  const offset =
    count === 1 && !Number.isNaN(position)
      ? `, offset ${hexText(Math.round((position + frame - start) * data.frame) + (address % data.frame))} in it`
      : '';
  const near = count > 1 ? `among ${count} ranges of ` : '';
  const whose = owner === lane.title || owner === 'preserved memory' ? '' : `: ${owner}${offset}`;
  return {
    label: lane.title,
    text: `${near}${range}${whose}`,
    ...(anchor === '' ? {} : { anchor }),
    ...(lane.kind === 'bad' ? { bad: true as const } : {}),
  };
}

function recordLines({ records }: PageData, address: number): AnswerLine[] {
  const lines: AnswerLine[] = [];
  const byAnchor = new Map(records.map((record) => [record[2], record]));
  for (const [start, size, anchor, what, referrer] of records) {
    if (start > address) break;
    if (start + Math.max(size, 1) <= address) continue;
    if (lines.length >= MAX_LINES) break;
    const offset = address === start ? '' : `, byte +${hexText(address - start)} of it`;
    lines.push({ label: 'record', text: `${what}${offset}`, anchor });
    const seen = new Set([anchor]);
    for (let at = referrer; at !== '' && !seen.has(at) && seen.size < MAX_CHAIN; ) {
      seen.add(at);
      const from = byAnchor.get(at);
      lines.push({ label: 'referred to by', text: from?.[3] ?? 'a record of the blob', anchor: at });
      at = from?.[4] ?? '';
    }
  }
  return lines;
}

function mappedLines({ data, links }: ReadPage, frame: number, address: number): AnswerLine[] {
  const lines: AnswerLine[] = [];
  for (const [i, space] of data.spaces.entries()) {
    const bars = links[i];
    if (bars === undefined) continue;
    for (let at = 0; at < bars.length && lines.length < MAX_LINES; at++) {
      const target = bars.positions[at] as number;
      const pages = (bars.ends[at] as number) - (bars.starts[at] as number);
      if (bars.counts[at] !== 1 || !(target <= frame && frame < target + pages)) continue;
      const iova = ((bars.starts[at] as number) + frame - target) * data.frame + (address % data.frame);
      lines.push({
        label: 'mapped at',
        text: `IOVA ${hexText(iova)} of ${space.title}${devicesText(space.devices)}`,
        anchor: space.anchor,
      });
    }
  }
  return lines;
}

function devicesText(devices: readonly string[]): string {
  return devices.length === 0
    ? ''
    : ` (${devices.slice(0, 4).join(', ')}${devices.length > 4 ? ' and more' : ''})`;
}

function findingLines(
  { findings, rules, frame: bytes }: PageData,
  address: number,
  frame: number,
): AnswerLine[] {
  const lines: AnswerLine[] = [];
  for (const [rule, at, anchor, message] of findings) {
    if (Math.floor(at / bytes) !== frame || at < 0) continue;
    if (lines.length >= MAX_LINES) break;
    const [id, , group] = rules[rule] ?? ['', '', ''];
    const where = at === address ? '' : ` (at ${hexText(at)})`;
    lines.push({
      label: 'finding',
      text: `${id}${where}${message === undefined ? '' : `: ${message}`}`,
      anchor: anchor === '' ? group : anchor,
      bad: true,
    });
  }
  return lines;
}

/** Where an IOVA leads, in one space or in all. */
export function answerIova(page: ReadPage, iova: number, name?: string): Answer {
  const { data, links } = page;
  const frame = Math.floor(iova / data.frame);
  const lines: AnswerLine[] = [];
  let address: number | undefined;
  for (const [i, space] of data.spaces.entries()) {
    if (name !== undefined && !isNamed(space, name)) continue;
    const bars = links[i];
    const bar = bars === undefined ? undefined : barAt(bars, frame);
    if (bars === undefined || bar === undefined) {
      if (name !== undefined) lines.push({ label: space.title, text: 'not mapped', anchor: space.anchor });
      continue;
    }
    const target = (bars.positions[bar] as number) + frame - (bars.starts[bar] as number);
    const exact = bars.counts[bar] === 1 && !Number.isNaN(target);
    const to = target * data.frame + (iova % data.frame);
    if (exact) address ??= to;
    const kept = bars.owners[bar] === 0 ? '' : ', not preserved';
    lines.push({
      label: space.title,
      text: exact
        ? `leads to ${hexText(to)}${kept}`
        : `among ${bars.counts[bar]} stretches; kho walk --iova tells where it leads`,
      anchor: space.anchor,
      ...(kept === '' ? {} : { bad: true as const }),
    });
  }
  if (lines.length === 0) lines.push({ label: 'IOVA', text: 'no IO address space of the page maps it' });
  const rest = address === undefined ? [] : answerAt(page, address).lines;
  return {
    title: `IOVA ${hexText(iova)}`,
    ...(address === undefined ? {} : { address }),
    lines: [...lines, ...rest],
  };
}

function isNamed({ name, title, devices }: PageData['spaces'][number], wanted: string): boolean {
  const text = wanted.toLowerCase();
  return (
    name.toLowerCase() === text ||
    title.toLowerCase() === text ||
    devices.some((device) => device.toLowerCase() === text || device.toLowerCase().endsWith(`:${text}`))
  );
}

const NUMBER = /^(?:0x[0-9a-f]+|[0-9]+)$/i;
/** Addresses end here. */
const LIMIT = 2 ** 52;

/** What a query means, and the answer to it. */
export function answerTo(page: ReadPage, query: string): Answer {
  const text = query.trim();
  const [, frame] = /^pfn[:\s]\s*(\S+)$/i.exec(text) ?? [];
  if (frame !== undefined && NUMBER.test(frame)) return bounded(page, Number(frame) * page.data.pageSize);
  const [, space, iova] = /^(?:(.*)@|iova[:\s]\s*)(\S+)$/i.exec(text) ?? [];
  if (iova !== undefined && NUMBER.test(iova) && Number(iova) < 2 ** 57)
    return answerIova(page, Number(iova), space === undefined || space === '' ? undefined : space);
  if (!NUMBER.test(text)) return named(page, text);
  const answer = bounded(page, Number(text));
  const others = named(page, text).lines.filter(({ label }) => label !== 'nothing');
  const elsewhere =
    page.data.spaces.length === 0
      ? []
      : answerIova(page, Number(text)).lines.slice(0, page.data.spaces.length);
  const reached = elsewhere
    .filter(({ label }) => label !== 'IOVA')
    .map((line) => ({ ...line, label: `as IOVA of ${line.label}` }));
  return { ...answer, lines: [...answer.lines, ...reached, ...others] };
}

function bounded(page: ReadPage, address: number): Answer {
  if (address < LIMIT) return answerAt(page, address);
  return {
    title: hexText(address),
    lines: [{ label: 'address', text: 'beyond all physical memory (52 bits)', bad: true }],
  };
}

/** Things whose text has all words of the query. */
function named({ data }: ReadPage, text: string): Answer {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const lines: AnswerLine[] = [];
  if (words.length > 0) {
    for (const [id, state, anchor] of data.rules)
      if (id.toLowerCase() === words.join(' ') && state !== '')
        lines.push({ label: id, text: state, anchor });
    for (const [name, kind, anchor] of data.names) {
      if (lines.length >= MAX_HITS) break;
      const own = name.toLowerCase();
      if (words.every((word) => own.includes(word))) lines.push({ label: kind, text: name, anchor });
    }
  }
  if (lines.length === 0) lines.push({ label: 'nothing', text: 'nothing of the page has that name' });
  return { title: text, lines };
}
