/** `kho what` for people: each address with what is known of it, in rows. */
import { escapeText } from '../schema/escape.js';
import { bytesToText, quotedText } from '../schema/text.js';
import { hex, size as sizeText } from '../schema/units.js';
import type { Shortfall } from '../validate/coverage.js';
import { shortfallText } from '../validate/verdict.js';
import type { Holder } from '../what/holds.js';
import type { Is } from '../what/is.js';
import type { Answer, PreservedBy } from '../what/what.js';
import { type Paint, plain } from './paint.js';
import { placeText } from './validate-text.js';

/** How answers are printed. */
export interface WhatTextOptions {
  readonly paint?: Paint;
  /** Bytes of records are printed. */
  readonly hex?: boolean;
  /** Every referrer, domain and finding, not only the first. */
  readonly all?: boolean;
  /** Characters of a line; no limit where it is left out. */
  readonly width?: number;
  /** What the dump lacks: who has or maps an address may hang on it. */
  readonly missing?: readonly Shortfall[];
}

/** Lines of one kind that are shown, unless all are asked for. */
const SHOWN = 12;
const NAME = 12;

/**
 * Lines for people: of each address what it is, what refers to it and what maps it.
 *
 * @example
 * ```ts
 * import { decodeHandover, parseQuery, planFromSeed, synthesise, whatIs, whatLines } from 'kho-toolkit';
 *
 * const { blob, fdtAddress, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const query = parseQuery(String(fdtAddress));
 * if (typeof query === 'string') throw new Error(query);
 * const answers = whatIs(decodeHandover(blob, { memory, address: fdtAddress }), [query]);
 * console.log([...whatLines(answers)].length > 0); //=> true
 * ```
 */
export function* whatLines(answers: readonly Answer[], options: WhatTextOptions = {}): Generator<string> {
  let gap = false;
  for (const answer of answers) {
    if (gap) yield '';
    gap = true;
    yield* answerLines(answer, options);
  }
  const { missing = [], paint = plain } = options;
  if (missing.length === 0) return;
  yield '';
  yield `${paint('warning', 'incomplete')}: ${escapeText(shortfallText({ missing }))}: more may have, refer to or map ${answers.length === 1 ? 'this address' : 'these addresses'}`;
}

/** What is told of an address: a line about it, and rows of lines by what they tell. */
export interface AnswerText {
  readonly head: string;
  readonly rows: readonly AnswerRow[];
}

/** What is said of an address under one name. */
export interface AnswerRow {
  readonly name: string;
  readonly lines: readonly string[];
  /** All lines are shown, however many. */
  readonly whole?: true;
}

function* answerLines(answer: Answer, options: WhatTextOptions): Generator<string> {
  const { head, rows } = answerText(answer, options);
  yield head;
  for (const row of rows) yield* rowLines(row, options);
}

/** The words of an answer, without a limit to its lines: those of the command line and of a report's page alike. */
export function answerText(answer: Answer, options: WhatTextOptions = {}): AnswerText {
  const { paint = plain } = options;
  const { query, address, unmapped, known, is, held, referredToBy, mappedBy, findings } = answer;
  const head = address === undefined ? escapeText(query.text) : hex(address);
  const from =
    address !== undefined && query.kind !== 'physical' ? `  ${paint('faint', escapeText(query.text))}` : '';
  if (address === undefined)
    return { head: `${paint('address', head)}  ${escapeText(unmapped ?? '')}`, rows: [] };
  const contents = held.map(({ holder }) => holderText(holder, paint));
  const own = is.flatMap((each) => [...isLines(each, options)]);
  if (is.length === 0 && held.length === 0) own.push('nothing that the handover speaks of');
  const referrers = referredToBy.map(
    ({ record, field, fieldAddress, what, depth }) =>
      `${'  '.repeat(Math.min(depth - 1, 16))}${paint('name', fieldName(record, field))} at ${paint('address', hex(fieldAddress))}  ${escapeText(what)}`,
  );
  const mapped = mappedBy.map(({ domain, device, iova, size, access }) => {
    const who = [device, domain === undefined ? undefined : `domain ${hex(domain)}`].filter(
      (each) => each !== undefined,
    );
    return `${who.join(', ') || 'page tables'} at IOVA ${paint('address', hex(iova))} ${access}  ${paint('faint', `page of ${sizeText(size)}`)}`;
  });
  const more = answer.mappedMore > 0 ? [paint('faint', `and ${answer.mappedMore} more IOVAs`)] : [];
  const wrong = findings.map(({ rule, severity, message, location }) => {
    const place = placeText(location);
    return `${paint(severity, severity)} ${paint('node', rule)}  ${escapeText(message)}${place === '' ? '' : paint('faint', `  (${place})`)}`;
  });
  return {
    head: `${paint('address', head)}${from}  ${known}, ${preservedText(answer, paint)}`,
    rows: [
      { name: 'contents', lines: contents },
      { name: 'is', lines: own, whole: true },
      { name: 'referred by', lines: referrers },
      { name: 'mapped by', lines: [...mapped, ...more] },
      { name: 'findings', lines: wrong },
    ],
  };
}

function* rowLines(
  { name, lines, whole }: AnswerRow,
  { paint = plain, all = false }: WhatTextOptions,
): Generator<string> {
  const shown = all || whole === true || lines.length <= SHOWN ? lines : lines.slice(0, SHOWN);
  for (const [i, line] of shown.entries())
    yield `  ${i === 0 ? paint('name', name.padEnd(NAME)) : ' '.repeat(NAME)} ${line}`.trimEnd();
  if (shown.length < lines.length)
    yield `  ${' '.repeat(NAME)} ${paint('faint', `and ${lines.length - shown.length} more (--all shows them)`)}`;
}

function preservedText({ preserved, preservedUnknown, address }: Answer, paint: Paint): string {
  if (preserved !== undefined) return `preserved by ${blockText(preserved, paint)}`;
  if (preservedUnknown === true) return 'not known whether preserved';
  return address !== undefined && address >= 1n << 52n
    ? 'beyond all physical memory'
    : paint('warning', 'not preserved');
}

function blockText({ start, end, order }: PreservedBy, paint: Paint): string {
  const range = paint('address', `${hex(start)}-${hex(end)}`);
  return order === undefined
    ? `the range ${range} (${sizeText(end - start)})`
    : `the block ${range} of order ${order} (${sizeText(end - start)})`;
}

function holderText(holder: Holder, paint: Paint): string {
  const at = (offset: bigint): string => `offset ${paint('address', hex(offset))}`;
  switch (holder.kind) {
    case 'file': {
      const handler = escapeText(bytesToText(holder.file.compatible).text.replace(/-v\d+$/, ''));
      return `of ${handler}, session ${paint('text', quotedText(holder.session.name))}, token ${hex(holder.file.token)}, ${at(holder.fileOffset)}`;
    }
    case 'reserve-mem':
      return `of the reserve_mem region ${paint('text', quotedText(holder.name))}, ${at(holder.offset)}`;
    case 'guestmemfs':
      return `of the guestmemfs file ${paint('text', quotedText(holder.name))}, ${at(holder.fileOffset)}`;
    case 'kho-test':
      return `of kho_test, folio ${holder.index} (order ${holder.order})`;
    case 'scratch':
      return `scratch region ${holder.index}, which the next kernel boots in, ${at(holder.offset)}`;
    case 'trace-buffer':
      return `of the trace buffer of CPU ${holder.cpu}`;
    case 'other':
      return `of ${escapeText(holder.name)}, ${at(holder.offset)}`;
    case 'image':
      return `of what the loader put there: ${escapeText(holder.what)}`;
  }
}

/** `luo_ser.sessions_pa`; a property's value is called by the property alone. */
function fieldName(record: string, field: string | undefined): string {
  return escapeText(field === undefined || field === record ? record : `${record}.${field}`);
}

/** The record and the field; what else the byte has; with --hex the bytes and all fields. */
function* isLines(is: Is, { paint = plain, hex: withBytes = false }: WhatTextOptions): Generator<string> {
  const { record, field, offset, size, what, address, meaning, bits, fields } = is;
  const name = fieldName(record, field);
  const value = meaning === undefined ? '' : ` = ${paint('value', escapeText(meaning))}`;
  const ofBits = bits === undefined ? '' : ` ${bits.includes(':') ? 'bits' : 'bit'} ${bits}`;
  const place = `byte ${offset} of ${size}, ${record === 'page' ? 'page' : 'record'} at ${hex(address)}`;
  if (field === undefined && record === 'page') {
    yield `${escapeText(what)}  ${paint('faint', place)}`;
    return;
  }
  yield `${paint('name', name)}${ofBits}${value}`;
  yield `  ${escapeText(what)}  ${paint('faint', place)}`;
  const others = (fields ?? []).filter((each) => each.field !== field && !each.field.startsWith('('));
  if (others.length > 0 && !withBytes)
    yield `  ${paint('faint', `also in this byte: ${others.map((each) => `${each.field} ${each.meaning}`).join(', ')}`)}`;
  if (!withBytes) return;
  for (const each of is.whole?.() ?? []) {
    const where =
      each.bits === undefined
        ? `+${hex(each.offset)}`
        : `${each.bits.includes(':') ? 'bits' : 'bit'} ${each.bits}`;
    const mark = each.field === field ? '>' : ' ';
    yield `  ${mark} ${where.padEnd(12)} ${paint('name', escapeText(each.field).padEnd(24))} ${escapeText(each.meaning)}`;
  }
  yield* hexLines(is, paint);
}

const PER_LINE = 16;

/** The bytes of a record, as hexdump prints them, the asked one in brackets. */
function* hexLines({ bytes, address, offset }: Is, paint: Paint): Generator<string> {
  if (bytes === undefined) return;
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const own = [...bytes.subarray(at, at + PER_LINE)].map((byte, i) => {
      const text = byte.toString(16).padStart(2, '0');
      return at + i === offset ? `[${text}]` : ` ${text} `;
    });
    yield `    ${paint('address', hex(address + at))} ${own.join('').trimEnd()}`;
  }
}
