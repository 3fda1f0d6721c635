/**
 * The bytes that a finding is about, with the wrong ones marked: of a property's value, of the blob, or of the
 * record that the location's field belongs to. Where a location names no record nothing is shown: what is
 * there may be guest memory.
 */
import type { Handover, Location } from '../abi/model.js';
import { findNode, findProperty, propertyValue, valueOffset } from '../fdt/tree.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import { recordTypes } from '../records/index.js';
import { looksLike } from '../schema/plausible.js';
import { looksLikeBits } from '../schema/plausible-words.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import { bytesToHex } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { type Paint, plain, type Role } from './paint.js';

/** Bytes shown of one place. */
const WINDOW = 32;
/** Bytes shown before and after a marked field. */
const AROUND = 8;
const WORD = 8;
/** No kernel has smaller pages. */
const PAGE = 4096n;

/** Some bytes of a record or of the blob. */
export interface FindingBytes {
  /** `address 0x1000` or `blob offset 0x40`: of the first byte. */
  readonly where: string;
  readonly bytes: Uint8Array;
  /** The wrong ones, as a half-open range in `bytes`; the range may end after them. */
  readonly marked: { readonly start: number; readonly end: number };
  /** The value continues after what is shown. */
  readonly more?: boolean;
  /** The word that wrong bits belong to. */
  readonly word?: bigint;
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

/** What to show of a finding; undefined where no bytes are known. */
export function findingBytes(location: Location, handover: Handover): FindingBytes | undefined {
  return ofProperty(location, handover) ?? ofBlob(location, handover) ?? ofRecord(location, handover);
}

function ofProperty(
  { fdtPath, property, field, address }: Location,
  { tree }: Handover,
): FindingBytes | undefined {
  if (fdtPath === undefined || property === undefined || tree === undefined) return undefined;
  const token = findProperty(tree, findNode(tree, fdtPath), property);
  const value = token < 0 ? undefined : propertyValue(tree, token);
  if (value === undefined || value.length === 0) return undefined;
  // Of a long value that is wrong as a whole nothing is marked.
  const whole = { start: 0, end: value.length > WINDOW ? 0 : value.length };
  const marked = recordIn(value, field, address) ?? whole;
  return windowOf(value, marked, (at) => `blob offset ${hex((valueOffset(tree, token) ?? 0) + at)}`);
}

/** The field in that record of an array which holds the address; addresses carry flags in bit 0. */
function recordIn(
  value: Uint8Array,
  name: string | undefined,
  address: bigint | undefined,
): Extent | undefined {
  const { record, field } = fieldNamed(name) ?? {};
  const size = record?.size;
  if (size === undefined || size < WORD || field === undefined || address === undefined) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  for (let at = 0; at + size <= value.length; at += size) {
    if (view.getBigUint64(at, true) >> 1n !== address >> 1n) continue;
    const { start, end } = extentOf(field);
    return { start: at + start, end: at + end };
  }
  return undefined;
}

/** A place in the blob itself: of a token, or a field of its header. */
function ofBlob(
  { address, fileOffset, field }: Location,
  { tree, fdtAddress }: Handover,
): FindingBytes | undefined {
  if (tree === undefined) return undefined;
  const { bytes } = tree;
  const header = field?.startsWith('fdt_header.') === true ? fieldNamed(field)?.field : undefined;
  let marked: Extent | undefined;
  if (header !== undefined) {
    marked = extentOf(header);
  } else if (field === undefined) {
    const offset =
      fileOffset ?? (address === undefined || fdtAddress === undefined ? undefined : address - fdtAddress);
    if (offset === undefined || offset < 0n || offset >= BigInt(bytes.length)) return undefined;
    marked = { start: Number(offset), end: Math.min(Number(offset) + 4, bytes.length) };
  }
  if (marked === undefined || marked.start >= bytes.length) return undefined;
  return windowOf(bytes, marked, (at) => `blob offset ${hex(at)}`);
}

function ofRecord({ address, field: name, bits }: Location, { memory }: Handover): FindingBytes | undefined {
  if (name === undefined || address === undefined || memory === undefined) return undefined;
  const { record, field } = fieldNamed(name) ?? {};
  const span = bits === undefined ? undefined : bitsOf(bits);
  // With bits the address is that of the entry, else that of the field.
  const extent = field === undefined ? { start: 0, end: WORD } : extentOf(field);
  const start = span === undefined ? address - BigInt(extent.start) : address;
  const size = record?.size ?? extent.end;
  // The bytes there may be in use by now: no byte of it is shown.
  if (span === undefined && record !== undefined && !isRecord(record, start, memory)) return undefined;
  if (span !== undefined && !isBits(start, memory)) return undefined;
  const marked =
    span === undefined ? extent : { start: Math.floor(span.low / 8), end: Math.floor(span.high / 8) + 1 };
  const texts = record === undefined ? [] : textsBeside(record, marked);
  const from = Math.max(
    ...[0, ...texts.filter(({ end }) => end <= marked.start).map(({ end }) => end)],
    Math.min(marked.start, Math.floor((marked.start - AROUND) / WORD) * WORD),
  );
  const to = Math.max(
    marked.start + 1,
    Math.min(
      ...[size, ...texts.filter(({ start: text }) => text >= marked.end).map(({ start: text }) => text)],
      ...[marked.end + AROUND, from + WINDOW],
    ),
  );
  if (start < 0n) return undefined;
  const read =
    readBytes(memory, start + BigInt(from), to - from) ?? readBytes(memory, start + BigInt(marked.start), 1);
  if (read === undefined) return undefined;
  const first = read.length === to - from ? from : marked.start;
  // Of text what follows its end is not wrong, and not for anyone to see.
  const text = span === undefined && field?.text === true ? read.indexOf(0, marked.start - first) : -1;
  const end = text < 0 ? marked.end : Math.max(marked.start + 1, first + text);
  const bytes = text < 0 ? read : read.subarray(0, end - first);
  const word = span === undefined ? undefined : wordAt(bytes, Math.floor(span.low / 64) * WORD - first);
  return {
    where: `address ${hex(start + BigInt(first))}`,
    bytes,
    marked: { start: marked.start - first, end: end - first },
    ...(word === undefined ? {} : { word }),
  };
}

/** The texts of a record besides a marked field: what is after their NUL is not for anyone to see. */
function textsBeside({ fields }: RecordType<unknown>, { start, end }: Extent): Extent[] {
  return fields
    .filter(({ text, bitOffset }) => text === true && bitOffset !== undefined)
    .map(extentOf)
    .filter((text) => text.end <= start || text.start >= end);
}

/** Whether what is around a word of bits can be bits as well. */
function isBits(address: bigint, memory: PhysicalMemory): boolean {
  const page = readBytes(memory, address - (address % PAGE), Number(PAGE));
  return page === undefined || looksLikeBits(new DataView(page.buffer, page.byteOffset, page.byteLength));
}

function isRecord(record: RecordType<unknown>, start: bigint, memory: PhysicalMemory): boolean {
  const bytes = start < 0n ? undefined : readBytes(memory, start, record.size ?? 0);
  if (bytes === undefined || bytes.length === 0) return true;
  return looksLike(record, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function wordAt(bytes: Uint8Array, at: number): bigint | undefined {
  if (at < 0 || at + WORD > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
}

function windowOf(value: Uint8Array, marked: Extent, where: (at: number) => string): FindingBytes {
  const from = value.length <= WINDOW ? 0 : Math.max(0, Math.floor((marked.start - AROUND) / 4) * 4);
  const bytes = value.subarray(from, Math.min(value.length, from + WINDOW));
  return {
    where: where(from),
    bytes,
    marked: { start: marked.start - from, end: marked.end - from },
    more: from + bytes.length < value.length,
  };
}

/** A field by the kernel's name: `kho_mem.addr`. */
function fieldNamed(name: string | undefined): { record: RecordType<unknown>; field: FieldInfo } | undefined {
  // Names of fields have dots where they stand in a struct of their own.
  const [, owner, fieldName] = /^([^.]+)\.(.+)$/.exec(name ?? '') ?? [];
  if (owner === undefined || fieldName === undefined) return undefined;
  for (const record of recordTypes) {
    if (record.name !== owner && record.kernelName !== `struct ${owner}`) continue;
    const field = record.fields.find(({ kernelName }) => kernelName === fieldName);
    if (field?.bitOffset !== undefined) return { record, field };
  }
  return undefined;
}

function extentOf({ bitOffset = 0, bitWidth, length, element }: FieldInfo): Extent {
  const width = bitWidth ?? (element?.bitWidth ?? WORD) * (length ?? 1);
  const start = Math.floor(bitOffset / 8);
  return { start, end: Math.max(start + 1, Math.ceil((bitOffset + width) / 8)) };
}

function bitsOf(text: string): { low: number; high: number } | undefined {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const high = Number(match[1]);
  const low = match[2] === undefined ? high : Number(match[2]);
  // A bitmap is shown by its first bytes only.
  return high < WINDOW * 8 && low <= high ? { low, high } : undefined;
}

/**
 * `28 00 [00 00] 00 (blob offset 0x40)`: the wrong ones in brackets, which also show without colour.
 *
 * @param role of the marked bytes
 */
export function bytesText(shown: FindingBytes, paint: Paint = plain, role: Role = 'error'): string {
  const { bytes, where, word } = shown;
  const start = Math.max(0, shown.marked.start);
  const end = Math.min(bytes.length, shown.marked.end);
  const part = (from: number, to: number): string =>
    bytesToHex(bytes.subarray(from, to)).replace(/../g, '$& ').trim();
  const cut = shown.marked.end > bytes.length ? ' …' : '';
  const wrong = end > start ? paint(role, `[${part(start, end)}${cut}]`) : '';
  const parts = [part(0, start), wrong, part(Math.max(start, end), bytes.length), shown.more ? '…' : ''];
  const of = word === undefined ? '' : `, word ${hex(word)}`;
  return `${parts.filter((text) => text !== '').join(' ')} ${paint('faint', `(${where}${of})`)}`;
}
