/**
 * Answers of the page: the engine of `kho what` over what the page was given of the dump, and the names that the page knows.
 * It has no document.
 */
import { firstAfter } from '../../memory/first-after.js';
import { addTo } from '../../schema/grouped.js';
import type { Finding } from '../../validate/rule.js';
import { parseQuery, type Query } from '../../what/query.js';
import type { Cut, WhatSource } from '../../what/source.js';
import { type Answer, answersFrom, QueryError } from '../../what/what.js';
import { answerText } from '../what-text.js';
import type { Bars } from './bars.js';
import { type PageData, readBars } from './data.js';
import { readEvidence } from './evidence-read.js';
import { marks } from './marks.js';
import { fromPlain } from './plain.js';

/** Data with their bars read. */
export interface ReadPage {
  readonly data: PageData;
  /** Of each lane the levels, the finest first. */
  readonly lanes: readonly (readonly Bars[])[];
  readonly links: readonly Bars[];
  /** What answers come from, read when first asked for; undefined where the page has none. */
  source(): WhatSource | undefined;
  findings(): readonly Finding[];
}

/** A line of an answer. */
export interface AnswerLine {
  /** With marks of roles where `marked`; not escaped otherwise. */
  readonly text: string;
  /** Id of an element that tells more. */
  readonly anchor?: string;
  readonly marked?: true;
}

/** Lines that tell one thing. */
export interface AnswerRows {
  readonly label: string;
  readonly lines: readonly AnswerLine[];
}

export interface PageAnswer {
  readonly title: string;
  /** The first line, with marks of roles. */
  readonly head?: string;
  /** Physical address to show on the map. */
  readonly address?: number;
  readonly rows: readonly AnswerRows[];
}

/** Lines of one kind. */
const MAX_LINES = 200;
const MAX_HITS = 30;
/** Spaces that are asked where an IOVA leads. */
const MAX_SPACES = 32;

/** Reads the bars of a page once. */
export function readPage(data: PageData): ReadPage {
  let source: WhatSource | undefined;
  let findings: readonly Finding[] | undefined;
  return {
    data,
    lanes: data.lanes.map(({ levels }) => levels.map(readBars)),
    links: data.spaces.map(({ links }) => readBars(links)),
    source() {
      if (data.evidence !== undefined) source ??= readEvidence(data.evidence);
      return source;
    },
    findings() {
      findings ??= data.texts.map((_, i) => findingAt(data, i));
      return findings;
    },
  };
}

/** A finding of the page. */
export function findingAt(data: PageData, i: number): Finding {
  const [severity, message, location, subject] = fromPlain(data.texts[i] ?? []) as [
    Finding['severity'],
    string,
    Finding['location'],
    NonNullable<Finding['subject']>,
  ];
  return { rule: data.rules[data.findings[i]?.[0] ?? -1]?.[0] ?? '', severity, message, location, subject };
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

/** What `kho what` answers to a query; undefined where the page has no memory to ask. */
export function whatOf(page: ReadPage, query: Query): Answer | undefined {
  const source = page.source();
  if (source === undefined) return undefined;
  return answersFrom(source, [query], { findings: page.findings() })[0];
}

/** What a query means, and the answer to it. */
export function answerTo(page: ReadPage, query: string): PageAnswer {
  const text = query.trim().replace(/^pfn\s+/i, 'pfn:');
  const [, iova] = /^(?:@|iova[:\s]\s*)(\S+)$/i.exec(text) ?? [];
  if (iova !== undefined) return answerIova(page, iova);
  const parsed = parseQuery(text);
  if (typeof parsed === 'string') {
    const answer = named(page, text);
    if (answer.rows.length > 0) return answer;
    return { title: text, rows: [{ label: 'nothing', lines: [{ text: notFound(text, parsed) }] }] };
  }
  try {
    const answer = whatOf(page, parsed);
    if (answer === undefined)
      return { title: text, rows: [{ label: 'nothing', lines: [{ text: 'the dump has no memory' }] }] };
    const others = parsed.kind === 'physical' ? named(page, text).rows : [];
    const own = told(page, answer);
    return { ...own, rows: [...own.rows, ...others] };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { title: text, rows: [{ label: 'nothing', lines: [{ text: error.message }] }] };
  }
}

/** Where no name is meant, what is wrong with the address. */
function notFound(text: string, wrong: string): string {
  return /[@:]|^0x|^[0-9]/i.test(text) ? wrong : 'nothing of the page has that name';
}

function told(page: ReadPage, answer: Answer): PageAnswer {
  const { query, address } = answer;
  const { head, rows } = answerText(answer, { paint: marks });
  const at = address === undefined || address >= 1n << 52n ? undefined : Number(address);
  return {
    title:
      query.kind === 'physical' && at !== undefined
        ? `${hexText(at)}, page frame ${hexText(Math.floor(at / page.data.pageSize))}`
        : query.text,
    head,
    ...(at === undefined ? {} : { address: at }),
    rows: [
      ...rows
        .filter(({ lines }) => lines.length > 0)
        .map(({ name, lines }) => ({
          label: name,
          lines: [
            ...lines.slice(0, MAX_LINES).map((text) => ({ text, marked: true as const })),
            ...(lines.length > MAX_LINES ? [{ text: `and ${lines.length - MAX_LINES} more` }] : []),
          ],
        })),
      ...placesOf(page, answer),
      ...limitsOf(page, answer),
    ],
  };
}

/** Where the page tells more: records, spaces, findings. */
function placesOf({ data }: ReadPage, { is, mappedBy, findings }: Answer): AnswerRows[] {
  const lines: AnswerLine[] = [];
  const anchors = new Set<string>();
  const add = (anchor: string | undefined, text: string): void => {
    if (anchor === undefined || anchor === '' || anchors.has(anchor)) return;
    anchors.add(anchor);
    lines.push({ text, anchor });
  };
  for (const { address, size } of is)
    for (const [start, length, anchor, what] of data.records)
      if (start === address && length === size) add(anchor, what);
  for (const { domain, device } of mappedBy)
    for (const { name, title, devices, anchor } of data.spaces)
      if (
        name === (domain === undefined ? '' : hexText(Number(domain))) ||
        name === `${domain}` ||
        (device !== undefined && devices.some((own) => device.endsWith(own)))
      )
        add(anchor, title);
  const rules = new Set(findings.map(({ rule }) => rule));
  for (const [id, , anchor] of data.rules) if (rules.has(id)) add(anchor, `findings of ${id}`);
  return lines.length === 0 ? [] : [{ label: 'in this page', lines: lines.slice(0, MAX_HITS) }];
}

const LIMITS: Readonly<Record<Cut, string>> = {
  folios: 'lists of folios',
  blocks: 'blocks of the preserved map',
  states: 'ranges of the dump',
  records: 'bytes of records',
  mappings: 'what page tables map',
  findings: 'findings',
};

/** What the page has no room for. */
function limitsOf(page: ReadPage, { query }: Answer): AnswerRows[] {
  const cut = [...(page.source()?.cut ?? [])];
  if (cut.length === 0) return [];
  const what = cut.map((kind) => LIMITS[kind]).join(', ');
  return [
    {
      label: 'limits',
      lines: [
        { text: `The page has only a part of: ${what}. All of it: kho what ${page.data.file} ${query.text}` },
      ],
    },
  ];
}

/** Where an IOVA leads, in all spaces of the page. */
function answerIova(page: ReadPage, iova: string): PageAnswer {
  const lines: AnswerLine[] = [];
  const source = page.source();
  for (const { name, title, devices, anchor } of page.data.spaces.slice(0, MAX_SPACES)) {
    const query = [name, ...devices.map((own) => own.split(' ')[0] ?? '')]
      .map((space) => parseQuery(`${space}@${iova}`))
      .find(
        (own) =>
          typeof own !== 'string' &&
          own.kind === 'iova' &&
          source?.landing(own.space, own.iova).unknown !== true,
      );
    if (query === undefined || typeof query === 'string' || query.kind !== 'iova') continue;
    const { address, why } = source?.landing(query.space, query.iova) ?? {};
    const where = address === undefined ? (why ?? '') : `leads to ${hexText(Number(address))}`;
    lines.push({ text: `${title}: ${where}`, anchor });
  }
  if (lines.length === 0) lines.push({ text: 'no IO address space of the page can be asked' });
  return { title: `IOVA ${iova}`, rows: [{ label: 'in each space', lines }] };
}

/** Things whose text has all words of the query. */
function named({ data }: ReadPage, text: string): PageAnswer {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const rows = new Map<string, AnswerLine[]>();
  const add = (label: string, line: AnswerLine): void => addTo(rows, label, line);
  let left = MAX_HITS;
  if (words.length > 0) {
    for (const [id, state, anchor] of data.rules)
      if (id.toLowerCase() === words.join(' ') && state !== '') add(id, { text: state, anchor });
    for (const [name, kind, anchor] of data.names) {
      if (left === 0) break;
      const own = name.toLowerCase();
      if (!words.every((word) => own.includes(word))) continue;
      left--;
      add(kind, { text: name, anchor });
    }
  }
  return { title: text, rows: [...rows].map(([label, lines]) => ({ label, lines })) };
}
