/** Which of records that follow each other look like the records that should be there. */
import { once } from './once.js';
import { checksFor, hasText, isUnlike, looksLike, wrongNumbers } from './plausible.js';
import { areLetters, isForeignWord, isText, isZero, looksLikeBits } from './plausible-words.js';
import type { RecordType } from './record.js';

/** No kernel has smaller pages; memory is used again by the page. */
const PAGE = 4096;
/** So many records fill a page to its end, so that there is nothing beside them that could tell. */
const FULL_PAGE = 64;

/** Whether what is beside records is not what a kernel leaves there either, or even is letters, or addresses of the kernel. */
export type Beside = boolean | 'foreign';

/** How records that follow each other lie in memory. */
export interface Lying {
  /** Physical address of byte 0 of the view. */
  readonly at: number;
  /** What is beside them: their header, the rest of their page. Asked once. */
  readonly around?: () => Beside;
}

/**
 * What of records that follow each other cannot be such records, because its memory was used again. A record with wrong
 * fields is damage, which rules tell of and which stays what it is; that memory has another owner is told by more:
 * - a record of which text and numbers are wrong, and no field is right;
 * - numbers that are letters from end to end;
 * - words of bits that are letters, or addresses of the kernel;
 * - the numbers after a text, or the last records of a page, if all of them are wrong and what is around them is too;
 * - a page of which most records are wrong in most of their fields, and that has nothing else of such a page: what is
 *   around them is wrong too, or they fill all of it.
 *
 * @param view holds them from `from` up to `to`; free places are zero, as the kernel allocates such pages zeroed
 * @param found told of half-open ranges of offsets in `view`, ascending
 */
export function findUnlike(
  record: RecordType<unknown>,
  view: DataView,
  from: number,
  to: number,
  { at, around }: Lying,
  found: (start: number, end: number) => void,
): void {
  const { size = 0, endian } = record;
  const count = size === 0 ? 0 : Math.floor((to - from) / size);
  if (endian !== 'le' || count === 0) return;
  const beside = once<Beside>(around ?? (() => false));
  const strange = (): boolean => beside() !== false;
  // A record over the end of a page is judged with the first, and cleared with each.
  for (let next = 0; next < count; ) {
    const end = (Math.floor((at + from + next * size) / PAGE) + 1) * PAGE - at;
    const last = Math.min(count, Math.ceil((end - from) / size));
    const start = Math.max(from, end - PAGE);
    const full = start === end - PAGE && to >= end;
    const records = { first: from + next * size, end: from + last * size };
    const part = judge(record, view, records);
    let foreign = records.end;
    let single: readonly number[] = [];
    if (isForeign(record, part, full, strange)) {
      // Sound ones at the start are what a list was before its count was damaged.
      foreign = part.from === records.first ? start : part.from;
    } else if (part.trailing >= TRAILING && strange()) foreign = records.end - part.trailing * size;
    else single = part.halves.length > 0 && strange() ? [...part.certain, ...part.halves] : part.certain;
    // What ends within a record has not all of it.
    const words = foreignBefore(view, at, foreign, records.first);
    const few =
      foreign === records.end && part.trailing === 0 && foreign - words < FEW_WORDS && beside() !== 'foreign';
    if (words < foreign && !few && (foreign < records.end || strange())) foreign = words;
    for (const each of [...single].sort((a, b) => a - b)) {
      const from = part.halves.includes(each) ? Math.max(each, wrongNumbers(record, view, each)) : each;
      if (from < foreign) found(from, Math.min(each + size, foreign));
    }
    if (foreign < records.end) found(foreign, records.end);
    next = last;
  }
}

/** Where the words of somebody else's begin that end at `end`, at multiples of eight in memory; `end` where there are none. */
function foreignBefore(view: DataView, address: number, end: number, least: number): number {
  let from = end - ((((address + end) % 8) + 8) % 8);
  const last = from;
  while (from - 8 >= least && isForeignWord(view, from - 8)) from -= 8;
  return from < last ? from : end;
}

/** Words of bits in a record that are letters, or addresses of the kernel. */
export function findForeignBits(
  record: RecordType<unknown>,
  view: DataView,
  offset: number,
  found: (start: number, end: number) => void,
): void {
  for (const { at, size } of checksFor(record).bitmaps) {
    const start = offset + at;
    if (start + size > view.byteLength) continue;
    if (!looksLikeBits(new DataView(view.buffer, view.byteOffset + start, size))) found(start, start + size);
  }
}

/** Bytes at the end of a list: a single word may be anything that a user chose. */
const FEW_WORDS = 16;
/** So many wrong records at the end of a list are what follows it, and not damage. */
const TRAILING = 4;

/** What is told of the records of a page. */
interface Judged {
  /** Offset of the first that is none. */
  readonly from: number;
  readonly odd: number;
  readonly good: number;
  /** Offsets of those that are certainly none. */
  readonly certain: readonly number[];
  /** Offsets of those with a sound text of which all numbers are wrong, and of wrong ones that are but a few letters. */
  readonly halves: readonly number[];
  /** How many of the last are none. */
  readonly trailing: number;
}

function judge(
  record: RecordType<unknown>,
  view: DataView,
  { first, end }: { readonly first: number; readonly end: number },
): Judged {
  const { size = 0 } = record;
  const texts = hasText(record);
  const certain: number[] = [];
  const halves: number[] = [];
  let trailing = 0;
  let from = end;
  let odd = 0;
  let good = 0;
  for (let at = first; at < end; at += size) {
    if (isUnlike(record, view, at)) {
      odd++;
      trailing++;
      from = Math.min(from, at);
      if (texts || isText(view, at, size)) certain.push(at);
      // Of a few letters what is beside them has to tell as well.
      else if (areLetters(view, at, size)) halves.push(at);
      continue;
    }
    trailing = 0;
    if (texts && wrongNumbers(record, view, at) >= 0) halves.push(at);
    if (!isZero(view, at, size)) good++;
  }
  return { from, odd, good, certain, halves, trailing: texts ? 0 : trailing };
}

function isForeign(
  record: RecordType<unknown>,
  { odd, good, certain }: Judged,
  full: boolean,
  strange: () => boolean,
): boolean {
  // Of those with text each is judged by itself.
  if (hasText(record)) return false;
  if (certain.length > good) return true;
  return odd > good && ((full && odd + good >= FULL_PAGE) || strange());
}

/** Bytes after the ends of texts of records that follow each other: a kernel leaves none. */
export function findTails(
  record: RecordType<unknown>,
  view: DataView,
  from: number,
  to: number,
  found: (start: number, end: number) => void,
): void {
  const { size = 0, endian } = record;
  const { texts } = checksFor(record);
  if (endian !== 'le' || texts.length === 0) return;
  for (let at = from; at + size <= to; at += size) {
    for (const text of texts) {
      const tail = at + text.at + textLength(view, at + text.at, text.size);
      const end = at + text.at + text.size;
      if (!isZero(view, tail, end - tail)) found(tail, end);
    }
  }
}

/** Bytes of text before its NUL; all where there is none. */
function textLength(view: DataView, start: number, size: number): number {
  for (let i = 0; i < size; i++) if (view.getUint8(start + i) === 0) return i;
  return size;
}

/**
 * How many of records that follow each other do not look like records.
 *
 * @param words of a buffer of such records
 * @param first number of the first of them to be looked at
 */
export function countUnlike(
  record: RecordType<unknown>,
  view: DataView,
  words: Int32Array,
  first: number,
  count: number,
): number {
  const { size = 0 } = record;
  const masks = wordMasks(record);
  let unlike = 0;
  if (masks === undefined) {
    for (let i = first; i < first + count; i++) if (!looksLike(record, view, i * size)) unlike++;
    return unlike;
  }
  const { length } = masks;
  // Where no bit is set that should not be nothing else is to be checked, as with nearly all of them.
  for (let i = first, at = first * length; i < first + count; i++, at += length) {
    let set = 0;
    for (let k = 0; k < length; k++) set |= (words[at + k] as number) & (masks[k] as number);
    if (set !== 0 && !looksLike(record, view, i * size)) unlike++;
  }
  return unlike;
}

/** Whether a record among `count` at the start of a buffer may be none, or damaged; false for nearly all lists. */
export function mayBeUnlike(record: RecordType<unknown>, words: Int32Array, count: number): boolean {
  const masks = wordMasks(record);
  if (masks === undefined) return true;
  const { length } = masks;
  const end = count * length;
  // Most words are free to have any bit.
  for (let k = 0; k < length; k++) {
    const mask = masks[k] as number;
    if (mask === 0) continue;
    let set = 0;
    for (let at = k; at < end; at += length) set |= words[at] as number;
    if ((set & mask) !== 0) return true;
  }
  return false;
}

const wordMasksOf = new WeakMap<RecordType<unknown>, Int32Array | 'none'>();

/** The bits of each 32-bit word of a record that have to be 0; undefined where that is not all that is checked. */
function wordMasks(record: RecordType<unknown>): Int32Array | undefined {
  let known = wordMasksOf.get(record);
  if (known === undefined) {
    known = compileWords(record) ?? 'none';
    wordMasksOf.set(record, known);
  }
  return known === 'none' ? undefined : known;
}

function compileWords(record: RecordType<unknown>): Int32Array | undefined {
  const { size = 0, endian } = record;
  const { masks, texts } = checksFor(record);
  if (endian !== 'le' || texts.length > 0 || size === 0 || size % 4 !== 0) return undefined;
  const words = new Int32Array(size / 4);
  for (const { at, lo, hi } of masks) {
    const word = at / 4;
    words[word] = (words[word] as number) | lo;
    if (word + 1 < words.length) words[word + 1] = (words[word + 1] as number) | hi;
  }
  return words;
}

/** Of so many there may be one that is wrong, and two at most. */
const FAULTY_AMONG = 4;

/**
 * Whether a page's worth of records look like records: of many, one or two may be damaged.
 *
 * @param faulty how many do not
 * @param count how many there are
 */
export function looksLikeList(faulty: number, count: number): boolean {
  return faulty === 0 || (faulty <= 2 && faulty * FAULTY_AMONG <= count - faulty);
}
