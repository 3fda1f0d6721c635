/** Which bytes of a blob are its tree. */
import {
  FDT_HEADER_SIZE,
  FDT_RESERVE_ENTRY_SIZE,
  type FdtHeader,
  FdtHeaderMagic,
  FdtToken,
} from '../records/fdt.js';
import type { FdtTree } from './fdt-tree.js';
import { parseFdt } from './parse.js';
import { TAG_SIZE } from './token-layout.js';
import { valueOffset } from './tree.js';

/** A half-open range of offsets. */
export type Extent = readonly [start: number, end: number];

/** Strings that are not referred to are kept up to here: a tree that was edited in place has some. */
const MAX_UNUSED_STRINGS = 4096;
/** The devicetree specification has 31 characters; vendors have written a few more. */
const LONGEST_NAME = 64;
/** Without a NUL, as the end of a block that is cut off, no more than the specification has are a name. */
const LONGEST_UNENDED = 31;
/** Reservations of a tree; the kernel's trees of this kind have none. */
const MAX_RESERVATIONS = 64;

/** Physical addresses end below this. */
const LIMIT = 1n << 52n;

/**
 * The parts of a devicetree blob that are one: header, reservations, tokens, names. What a damaged size takes in
 * beside them is not.
 */
export function blobParts(bytes: Uint8Array): Extent[] {
  return partsOf(parseFdt(bytes));
}

function partsOf(tree: FdtTree): Extent[] {
  const { header, bytes } = tree;
  if (header === undefined) return [];
  if (header.magic !== FdtHeaderMagic.fdtMagic) return [];
  const parts: Extent[] = [[0, Math.min(FDT_HEADER_SIZE, bytes.length)]];
  const sound = tree.reserveMap.findIndex(({ address, size }) => address >= LIMIT || size >= LIMIT);
  const reserved = Math.min(sound < 0 ? tree.reserveMap.length : sound, MAX_RESERVATIONS) + 1;
  parts.push([header.offMemRsvmap, header.offMemRsvmap + reserved * FDT_RESERVE_ENTRY_SIZE]);
  if (tree.count > 0) parts.push([tree.structStart, tree.tokensEnd]);
  parts.push(...stringParts(tree));
  return parts.map(([start, end]) => [Math.min(start, bytes.length), Math.min(end, bytes.length)]);
}

/** Of a header, so many fields that no writer writes are not damage of the blob. */
const FAULTY_HEADER = 3;
/** No kernel writes larger ones. */
const LARGEST_TREE = 64 << 20;
/** Versions of the format that a blob may have; 17 is the last one. */
const VERSIONS = 32;
/** Words of a gap that are nowhere in the tree, so that it is not what an edit left behind. */
const FOREIGN_WORDS = 3;
const WORD = 4;
/** Tokens, and lengths and offsets of trees of this size, are below. */
const SMALL = 0x1_0000;

/**
 * What of a blob in memory is not its tree, and was never: bytes of somebody else that a damaged size, or a page that was
 * used again, takes in. What editing leaves between the parts (fdt_del_node and fdt_pack move them) is the tree's own and
 * not told; neither are zeros. A tree of which something is damaged or cut is kept as it is, as what is missing of it may
 * be what lies beside its parts, unless nothing of it is there but its header.
 */
export function foreignParts(tree: FdtTree): Extent[] {
  const { bytes, header } = tree;
  if (header === undefined) return [];
  // With or without the magic number.
  if (headerFaults(header, bytes.length) >= FAULTY_HEADER) return [[0, bytes.length]];
  if (header.magic !== FdtHeaderMagic.fdtMagic) return [];
  if (!isWhole(tree)) return brokenOff(tree);
  const parts = partsOf(tree).sort(([a], [b]) => a - b);
  const gaps: Extent[] = [];
  let at = 0;
  for (const [start, end] of [...parts, [bytes.length, bytes.length] as const]) {
    if (start > at && bytes.subarray(at, start).some((byte) => byte !== 0)) gaps.push([at, start]);
    at = Math.max(at, end);
  }
  if (gaps.length === 0) return [];
  const own = wordsOf(bytes, parts);
  return gaps.filter((gap) => {
    // Nothing that was edited lies before the structure block: libfdt leaves zeros between the parts.
    if (gap[1] <= header.offDtStruct) return true;
    const { foreign, same } = countWords(bytes, gap, own);
    return foreign >= FOREIGN_WORDS && foreign > same;
  });
}

/** Of so many words where the first property of a tree should be, half are its own: tokens, lengths and offsets. */
const FIRST_WORDS = 32;

/** What follows the header of a tree of which there is nothing else: all but a strings block that is one. */
function brokenOff(tree: FdtTree): Extent[] {
  const { bytes, header, count, structStart, structEnd, tokensEnd, stringsStart, stringsEnd } = tree;
  // After a token of a property what follows may be its value, of which any part may be cut off or have lost its length.
  if (header === undefined || count > 1) return [];
  const from = Math.max(FDT_HEADER_SIZE, count > 0 ? tokensEnd : structStart);
  const first: Extent = [from, Math.min(structEnd, from + FIRST_WORDS * WORD)];
  const { foreign, same } = countWords(bytes, first, wordsOf(bytes, [[0, from]]));
  if (foreign < FIRST_WORDS / 2 || same * 8 > foreign) return [];
  const strings = bytes.subarray(stringsStart, stringsEnd);
  if (stringsStart < from || strings.at(-1) !== 0 || !areNames(strings)) return [[from, bytes.length]];
  const after: Extent = [stringsEnd, bytes.length];
  const rest: Extent[] = [[from, stringsStart], after];
  return rest.filter(([start, end]) => end > start && bytes.subarray(start, end).some((byte) => byte !== 0));
}

/** Words of some parts of a blob. */
function wordsOf(bytes: Uint8Array, parts: readonly Extent[]): Set<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const own = new Set<number>();
  for (const [start, end] of parts)
    for (let i = Math.ceil(start / WORD) * WORD; i + WORD <= end; i += WORD) own.add(view.getUint32(i));
  return own;
}

/** Of the words of a part that are not 0, how many may be a tree's: tokens, lengths and offsets of names are small. */
function countWords(
  bytes: Uint8Array,
  [start, end]: Extent,
  own: ReadonlySet<number>,
): { readonly foreign: number; readonly same: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let foreign = 0;
  let same = 0;
  for (let i = Math.ceil(start / WORD) * WORD; i + WORD <= end; i += WORD) {
    const word = view.getUint32(i);
    if (word === 0) continue;
    if (word < SMALL || own.has(word)) same++;
    else foreign++;
  }
  return { foreign, same };
}

/** What a size that takes in too much, or a header's other fields beside it, make of a tree that is whole. */
const BESIDE: ReadonlySet<string> = new Set([
  'trailing-bytes',
  'bytes-after-end',
  'truncated-file',
  'block-out-of-bounds',
  'blocks-overlap',
]);

/**
 * Where a tree that is whole has text of its own: names, and values that are strings, as long as they may be. Of one that
 * is damaged there are only the names of properties, if all of them are some.
 */
export function ownTexts(tree: FdtTree): Extent[] {
  const { bytes, stringsStart, stringsEnd, kind, at, length, count } = tree;
  const whole = isWhole(tree);
  const strings: Extent = [stringsStart, stringsEnd];
  const texts: Extent[] = whole || areNames(bytes.subarray(...strings)) ? [strings] : [];
  if (!whole) return texts;
  for (let token = 0; token < count; token++) {
    const size = length[token] ?? 0;
    if (kind[token] === FdtToken.beginNode) {
      const start = (at[token] ?? 0) + TAG_SIZE;
      texts.push([start, start + size]);
      continue;
    }
    const start = kind[token] === FdtToken.prop ? valueOffset(tree, token) : undefined;
    if (start !== undefined && isStrings(bytes, start, start + size)) texts.push([start, start + size]);
  }
  return texts;
}

/** Whether a value is one string or several, with a NUL after each. */
function isStrings(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[start] === 0 || bytes[end - 1] !== 0) return false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > 0x7e || (byte < 0x20 && byte !== 0 && byte !== 0x09 && byte !== 0x0a)) return false;
  }
  return true;
}

/** Where libfdt's writer has the reservations; dtc and fdt_open_into have them right after the header. */
const RESERVATIONS = Math.ceil(FDT_HEADER_SIZE / FDT_RESERVE_ENTRY_SIZE) * FDT_RESERVE_ENTRY_SIZE;

/** Whether all of a tree is found: reservations, tokens up to FDT_END, and the name of each property. */
export function isWhole(tree: FdtTree): boolean {
  const { bytes, header, complete, diagnostics, kind, nameOffset, count } = tree;
  if (!complete || !diagnostics.every(({ code }) => BESIDE.has(code))) return false;
  if (header === undefined || header.offMemRsvmap > RESERVATIONS) return false;
  const strings = bytes.subarray(tree.stringsStart, tree.stringsEnd);
  // A name is whole if the last NUL is not before it.
  const last = strings.lastIndexOf(0);
  for (let i = 0; i < count; i++) if (kind[i] === FdtToken.prop && (nameOffset[i] ?? 0) > last) return false;
  return true;
}

/** @param length of the bytes, which a damaged total size does not tell */
function headerFaults(header: FdtHeader, length: number): number {
  const { totalsize, offDtStruct, offDtStrings, offMemRsvmap, version, lastCompVersion } = header;
  const { sizeDtStrings, sizeDtStruct } = header;
  const places = [offDtStruct, offDtStrings, offMemRsvmap, sizeDtStrings, sizeDtStruct];
  const end = Math.max(Math.min(totalsize, LARGEST_TREE), length);
  return (
    places.filter((place) => place > end).length +
    [version, lastCompVersion].filter((each) => each > VERSIONS).length
  );
}

function stringParts({ bytes, kind, nameOffset, count, stringsStart, stringsEnd }: FdtTree): Extent[] {
  const strings = bytes.subarray(stringsStart, stringsEnd);
  const seen = new Set<number>();
  for (let i = 0; i < count; i++) if (kind[i] === FdtToken.prop) seen.add(nameOffset[i] ?? 0);
  if (seen.size > 0 && strings.length <= MAX_UNUSED_STRINGS && areNames(strings))
    return [[stringsStart, stringsEnd]];
  const parts: Extent[] = [];
  for (const offset of seen) {
    let end = offset;
    while (end < strings.length && isNameByte(strings[end] ?? 0)) end++;
    if (strings[end] === 0) parts.push([stringsStart + offset, stringsStart + end + 1]);
  }
  return parts;
}

/** Whether bytes are short names, with a NUL after each; the last may lack it. */
function areNames(strings: Uint8Array): boolean {
  let length = 0;
  for (const byte of strings) {
    length = byte === 0 ? 0 : length + 1;
    if (length > LONGEST_NAME || (byte !== 0 && !isNameByte(byte))) return false;
  }
  return length <= LONGEST_UNENDED;
}

/** Characters of property names (devicetree specification 2.2.4), with the dash and underscore that are in use. */
function isNameByte(byte: number): boolean {
  return /[0-9A-Za-z,._+?#-]/.test(String.fromCharCode(byte));
}
