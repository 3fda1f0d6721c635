/**
 * Memory that records lead to and that is not what they say: it was freed and used again, or a pointer is damaged. What is
 * there belongs to somebody else: it is taken as zero by every reader, and reported without being told.
 */
import type { ReusedMemory } from '../../abi/missing.js';
import { type Extent, foreignParts, isWhole, ownTexts } from '../../fdt/blob-parts.js';
import { type FdtTree, parseFdt } from '../../fdt/parse.js';
import { firstAfter } from '../../memory/first-after.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { looksLike } from '../../schema/plausible.js';
import { type Beside, findForeignBits, findTails, findUnlike } from '../../schema/plausible-lists.js';
import {
  findUnlikeAddresses,
  foreignTail,
  isForeignWord,
  isPageAddress,
  looksLikeBits,
} from '../../schema/plausible-words.js';
import type { RecordType } from '../../schema/record.js';
import { dataView } from '../bytes.js';
import type { Reporter } from './report.js';

/** No kernel has smaller pages. */
export const SMALLEST_PAGE = 4096;

/** Before anything is read. */
export function noneReused(): ReusedMemory {
  return { ranges: [], unjudged: [] };
}

/** Who is told. */
type Told = Pick<Reporter, 'reused'>;

/** Bytes that were read of the memory, and changed in place. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Physical address of the first one. */
  readonly at: number;
}

/**
 * Clears what of records, end to end from `from` up to `to`, cannot be such records, and tells of bytes after the ends of
 * their texts, which stay.
 *
 * @param what they are, for messages
 * @param around whether what is beside them is not what a kernel leaves there
 * @returns how many bytes were cleared
 */
export function clearUnlike(
  reporter: Told,
  record: RecordType<unknown>,
  piece: Piece,
  from: number,
  to: number,
  what: string,
  around?: () => Beside,
): number {
  const { bytes, at } = piece;
  const { found, finish } = collector(reporter, piece, what);
  const view = dataView(bytes);
  findUnlike(record, view, from, to, { at, ...(around === undefined ? {} : { around }) }, found);
  const cleared = finish();
  findTails(record, view, from, to, (start, end) => reporter.reused(what, at + start, at + end, true));
  return cleared;
}

/** Asks whether something follows in the last page of bytes that the kernel allocated zeroed. */
export function restOfPage(
  { memory, pageSize }: { readonly memory: PhysicalMemory; readonly pageSize: number },
  end: number,
): () => Beside {
  return () => {
    const length = Math.ceil(end / pageSize) * pageSize - end;
    const bytes = new Uint8Array(length);
    return besideOf(bytes.subarray(0, memory.read(end, length, bytes)), end);
  };
}

/**
 * What is after records in a page that the kernel allocated zeroed.
 *
 * @param rest its bytes from `end` on
 */
export function besideOf(rest: Uint8Array, end: number): Beside {
  if (isClear(rest)) return false;
  // From the next word on, as words lie in memory.
  return looksLikeBits(dataView(rest.subarray((8 - (end % 8)) % 8))) || 'foreign';
}

/**
 * Clears a record at the start of a page of which the rest is letters, or addresses of the kernel: its page was zeroed
 * when it was allocated for the record.
 *
 * @returns whether it was cleared
 */
export function clearInForeignPage(
  reporter: Told,
  memory: PhysicalMemory,
  { bytes, at }: Piece,
  what: string,
): boolean {
  if (at % SMALLEST_PAGE !== 0 || bytes.length >= SMALLEST_PAGE || isClear(bytes)) return false;
  const page = new Uint8Array(SMALLEST_PAGE);
  if (memory.read(at, SMALLEST_PAGE, page) < SMALLEST_PAGE) return false;
  page.fill(0, 0, bytes.length);
  if (looksLikeBits(dataView(page))) return false;
  bytes.fill(0);
  reporter.reused(what, at, at + bytes.length);
  return true;
}

/** How a record lies that is not one of a list. */
interface Single {
  /** Whether it has the start of a page that the kernel allocated zeroed to itself; false where others follow it. */
  readonly alone: boolean;
  /** Whether what follows it is not what a kernel leaves there. */
  readonly around?: () => Beside;
}

/**
 * Clears what of a record at the start of bytes cannot be it: wrong fields, words of bits that are somebody else's words,
 * and all of it where its page is.
 */
export function clearSingle(
  told: Told,
  memory: PhysicalMemory | undefined,
  record: RecordType<unknown>,
  piece: Piece,
  what: string,
  { alone, around }: Single = { alone: true },
): void {
  clearUnlike(told, record, piece, 0, record.size ?? 0, what, around);
  clearBitmaps(told, record, piece, what);
  if (alone && memory !== undefined) clearInForeignPage(told, memory, piece, what);
}

/** Clears the words of bits within a record that are somebody else's words. */
export function clearBitmaps(reporter: Told, record: RecordType<unknown>, piece: Piece, what: string): void {
  const { found, finish } = collector(reporter, piece, what);
  findForeignBits(record, dataView(piece.bytes), 0, found);
  finish();
}

/** The same for addresses of pages, 0 where there is none. */
export function clearUnlikeAddresses(
  reporter: Told,
  piece: Piece,
  from: number,
  to: number,
  what: string,
): number {
  const { found, finish } = collector(reporter, piece, what);
  findUnlikeAddresses(dataView(piece.bytes), from, to, SMALLEST_PAGE, found);
  return finish();
}

/** The same for a bitmap, all of it. */
export function clearUnlikeBits(reporter: Told, { bytes, at }: Piece, what: string): boolean {
  if (looksLikeBits(dataView(bytes))) return false;
  bytes.fill(0);
  reporter.reused(what, at, at + bytes.length);
  return true;
}

/**
 * Clears the header of a page of which the rest is not what it should be, where something is wrong with it as well.
 *
 * @param fits what else must hold of it
 */
export function clearHeader(
  reporter: Told,
  header: RecordType<unknown>,
  piece: Piece,
  fits: boolean,
  what: string,
): void {
  const { size = 0 } = header;
  if (fitsHeader(header, piece, fits) || isClear(piece.bytes.subarray(0, size))) return;
  piece.bytes.fill(0, 0, size);
  reporter.reused(what, piece.at, piece.at + size);
}

/** Whether a page begins with what can be its header. */
export function fitsHeader(header: RecordType<unknown>, { bytes }: Piece, fits: boolean): boolean {
  const view = dataView(bytes);
  const linked = header.fields[0]?.pointer === undefined || isPageAddress(view, 0, SMALLEST_PAGE);
  return fits && linked && looksLike(header, view, 0);
}

/**
 * Clears what of a blob in memory is not its tree.
 *
 * @param memory that has the blob, where what is after it in its last page tells too
 * @returns the tree itself where there is no such thing, else that of a copy
 */
export function withoutForeign(
  told: Told,
  tree: FdtTree,
  at: number | bigint,
  what: string,
  memory?: PhysicalMemory,
): FdtTree {
  const pages = foreignPages(tree, Number(at), memory);
  const foreign = [...foreignParts(tree), ...pages].sort(([a], [b]) => a - b);
  if (foreign.length === 0) return tree;
  const own = tree.bytes.slice();
  const { found, finish } = collector(told, { bytes: own, at: Number(at) }, what);
  for (const [start, end] of foreign) found(start, end);
  finish();
  return parseFdt(own);
}

/**
 * What of the pages of a tree is letters, or addresses of the kernel, to the end of the page, but for what the tree has
 * there itself: a strings block may be longer than a page, and so may a command line. What is beside the parts of a
 * whole tree is judged by `foreignParts`; its first page, which has the header, is its own.
 */
function foreignPages(
  tree: FdtTree,
  at: number,
  memory: PhysicalMemory | undefined,
): [start: number, end: number][] {
  const { bytes, tokensEnd, stringsEnd } = tree;
  const whole = isWhole(tree);
  const length = whole ? Math.max(tokensEnd, stringsEnd) : bytes.length;
  const pages: [start: number, end: number][] = [];
  let own: readonly Extent[] | undefined;
  for (let start = 0; start < length; ) {
    const pageEnd = start + SMALLEST_PAGE - ((at + start) % SMALLEST_PAGE);
    const end = Math.min(length, pageEnd);
    const part = bytes.subarray(start, end);
    const rest = whole || end === pageEnd ? undefined : readAfter(memory, at + end, pageEnd - end);
    const view = dataView(rest === undefined ? part : joined(part, rest));
    const from = start === 0 || looksLikeBits(view) ? start + foreignTail(view) : start;
    if (from < end && !(whole && start === 0)) {
      own ??= ownTexts(tree);
      if (!areOwn(own, bytes, from, end)) pages.push([Math.max(from, FDT_HEADER_SIZE), end]);
    }
    start = end;
  }
  return pages;
}

/** What a dump has of so many bytes. */
function readAfter(memory: PhysicalMemory | undefined, at: number, length: number): Uint8Array | undefined {
  if (memory === undefined) return undefined;
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, memory.read(at, length, bytes));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** For so many words of a tree's own texts one may be in a value that is none. */
const OWN_WORDS = 8;

/** Whether nearly all words that are letters, or addresses of the kernel, are in some texts. */
function areOwn(texts: readonly Extent[], bytes: Uint8Array, from: number, end: number): boolean {
  const near = texts.filter((text) => text[0] < end && text[1] > from);
  const view = dataView(bytes);
  let own = 0;
  let others = 0;
  for (let word = from; word + 8 <= end; word += 8) {
    if (!isForeignWord(view, word)) continue;
    if (near.some((text) => text[0] < word + 8 && text[1] > word)) own++;
    else others++;
  }
  return near.length > 0 && others * OWN_WORDS <= own;
}

/** Whether bytes are all zero. */
export function isClear(bytes: Uint8Array): boolean {
  // Without a closure: it is asked of a page for each record on its own.
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Ranges of one piece that are told apart: more are one, with what is between them. */
const MOST_RANGES = 64;

function collector(reporter: Told, { bytes, at }: Piece, what: string) {
  const ranges: { start: number; end: number }[] = [];
  return {
    found(start: number, end: number): void {
      const last = ranges.at(-1);
      if (last !== undefined && (last.end >= start || ranges.length === MOST_RANGES)) last.end = end;
      else ranges.push({ start, end });
    },
    finish(): number {
      let cleared = 0;
      for (const { start, end } of ranges) {
        bytes.fill(0, start, end);
        cleared += end - start;
        reporter.reused(what, at + start, at + end);
      }
      return cleared;
    },
  };
}

/**
 * The memory in which such ranges read as zero.
 *
 * @param reused may grow
 */
export function withoutReused(memory: PhysicalMemory, { ranges }: ReusedMemory): PhysicalMemory {
  let seen = 0;
  let starts = new Float64Array(0);
  let ends = new Float64Array(0);
  function sort(): void {
    const sorted = ranges.filter(({ tail }) => tail !== true).sort((a, b) => a.start - b.start);
    starts = Float64Array.from(sorted, ({ start }) => start);
    // Of ranges over each other the furthest end so far counts: what is between two of them is not skipped.
    let furthest = 0;
    ends = Float64Array.from(sorted, ({ end }) => {
      furthest = Math.max(furthest, end);
      return furthest;
    });
    seen = ranges.length;
  }
  return {
    ...memory,
    read(address, length, into) {
      const known = memory.read(address, length, into);
      if (seen !== ranges.length) sort();
      const { length: count } = starts;
      for (let i = firstAfter(ends, address, count); i < count && (starts[i] ?? 0) < address + known; i++)
        into.fill(0, Math.max((starts[i] ?? 0) - address, 0), Math.min((ends[i] ?? 0) - address, known));
      return known;
    },
  };
}
