/**
 * Whether bytes can be the record that a pointer says they are. Memory that was freed and used again holds anything;
 * a record with one wrong field is a record nevertheless, and what the rules are about.
 */
import type { FieldInfo, RecordType } from './record.js';

/** Bits of a 64-bit word that have to be 0: addresses end below 2^52, counts long before, flags have names. */
interface MaskCheck {
  /** Byte offset of the word, a multiple of 8. */
  readonly at: number;
  readonly lo: number;
  readonly hi: number;
  /** All bits of the field. */
  readonly ownLo: number;
  readonly ownHi: number;
}

interface TextCheck {
  readonly at: number;
  readonly size: number;
}

interface Checks {
  readonly masks: readonly MaskCheck[];
  readonly texts: readonly TextCheck[];
}

/** Address bits that no x86 or arm64 machine has, and those that a page's address has clear. */
const BEYOND = 0xfff0_0000_0000_0000n;
const IN_PAGE = 0xfffn;
const checksOf = new WeakMap<RecordType<unknown>, Checks>();

function compile(record: RecordType<unknown>): Checks {
  const masks: MaskCheck[] = [];
  const texts: TextCheck[] = [];
  const add = (fields: readonly FieldInfo[], from: number): void => {
    for (const field of fields) {
      const { bitOffset, bitWidth } = field;
      if (bitOffset === undefined || bitWidth === undefined) continue;
      const at = from + bitOffset;
      if (field.record !== undefined) add(field.record.fields, at);
      else if (field.text === true) texts.push({ at: at / 8, size: bitWidth / 8 });
      else if (field.kind === 'uint' && Math.floor(at / 64) === Math.floor((at + bitWidth - 1) / 64)) {
        const bits = suspicious(field, bitWidth, at % 64) << BigInt(at % 64);
        if (bits === 0n) continue;
        const own = ((1n << BigInt(bitWidth)) - 1n) << BigInt(at % 64);
        masks.push({
          at: Math.floor(at / 64) * 8,
          lo: Number(BigInt.asIntN(32, bits)),
          hi: Number(BigInt.asIntN(32, bits >> 32n)),
          ownLo: Number(BigInt.asIntN(32, own)),
          ownHi: Number(BigInt.asIntN(32, own >> 32n)),
        });
      }
    }
  };
  add(record.fields, 0);
  return { masks, texts };
}

/**
 * Bits of a field that are 0 in what a kernel wrote.
 *
 * @param shift its position in the 64-bit word: a bit field of an address holds it without the bits below
 */
function suspicious({ unit, pointer, reserved, values }: FieldInfo, width: number, shift: number): bigint {
  const all = (1n << BigInt(width)) - 1n;
  if (reserved?.root.op === 'always') return all;
  if (unit === 'flags' && values !== undefined) {
    let known = 0n;
    for (const mask of values.keys()) known |= BigInt(mask);
    return all & ~known;
  }
  if (pointer !== undefined)
    return (
      all &
      ((pointer.kind === 'one' ? BEYOND : BEYOND | IN_PAGE) >>
        BigInt(unit === 'address' && width < 64 ? shift : 0))
    );
  return unit === 'address' || unit === 'count' || unit === 'bytes' || unit === 'index' || unit === 'pages'
    ? all & BEYOND
    : 0n;
}

/** Whether a record has text in it: what is there instead may be told as such. */
export function hasText(record: RecordType<unknown>): boolean {
  return checksFor(record).texts.length > 0;
}

function checksFor(record: RecordType<unknown>): Checks {
  let checks = checksOf.get(record);
  if (checks === undefined) {
    checks = compile(record);
    checksOf.set(record, checks);
  }
  return checks;
}

/** How much of a record is wrong: one for each field, two for text that is none; 0 where nothing is checked. */
function faultsAt(record: RecordType<unknown>, view: DataView, offset: number): number {
  const { size = 0 } = record;
  const { masks, texts } = checksFor(record);
  let wrong = 0;
  for (const { at, lo, hi } of masks) {
    // A record may end within its last word.
    const high = at + 8 <= size ? view.getInt32(offset + at + 4, true) : 0;
    if (((view.getInt32(offset + at, true) & lo) | (high & hi)) !== 0) wrong++;
  }
  for (const text of texts) wrong += textFaults(view, offset + text.at, text.size);
  return wrong;
}

/**
 * Whether bytes look like a record. Records of which nothing is to be checked do.
 *
 * @param view holds the record's size from `offset` on; less of it is not a record
 */
export function looksLike(record: RecordType<unknown>, view: DataView, offset: number): boolean {
  const { size = 0, endian } = record;
  if (endian !== 'le') return true;
  if (offset + size > view.byteLength) return false;
  const { masks, texts } = checksFor(record);
  const wrong = faultsAt(record, view, offset);
  return wrong === 0 || (wrong === 1 && masks.length + 2 * texts.length > 1);
}

/** No kernel has smaller pages; memory is used again by the page. */
const PAGE = 4096;
/** So many records fill a page to its end, so that there is nothing beside them that could tell. */
const FULL_PAGE = 64;

/** How records that follow each other lie in memory. */
export interface Lying {
  /** Physical address of byte 0 of the view. */
  readonly at: number;
  /** Whether what is beside them is not what a kernel leaves there either: their header, the rest of their page. Asked once. */
  readonly around?: () => boolean;
}

/**
 * What of records that follow each other cannot be such records, because its memory was used again. A record with wrong
 * fields is damage, which rules tell of and which stays what it is; that memory has another owner is told by more:
 * - a record of which text and numbers are wrong, and no field is right;
 * - numbers that are letters from end to end;
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
  const strange = once(around ?? (() => false));
  // A record over the end of a page is judged with the first, and cleared with each.
  for (let next = 0; next < count; ) {
    const end = (Math.floor((at + from + next * size) / PAGE) + 1) * PAGE - at;
    const last = Math.min(count, Math.ceil((end - from) / size));
    const start = Math.max(from, end - PAGE);
    const full = start === end - PAGE && to >= end;
    const records = { first: from + next * size, end: from + last * size };
    const part = judge(record, view, records);
    if (isForeign(record, part, full, strange)) {
      // Sound ones at the start are what a list was before its count was damaged.
      found(part.from === records.first ? start : part.from, records.end);
    } else for (const at of part.certain) found(at, at + size);
    next = last;
  }
}

/** What is told of the records of a page. */
interface Judged {
  /** Offset of the first that is none. */
  readonly from: number;
  readonly odd: number;
  readonly good: number;
  /** Offsets of those that are certainly none. */
  readonly certain: readonly number[];
}

function judge(
  record: RecordType<unknown>,
  view: DataView,
  { first, end }: { readonly first: number; readonly end: number },
): Judged {
  const { size = 0 } = record;
  const texts = hasText(record);
  const certain: number[] = [];
  let from = end;
  let odd = 0;
  let good = 0;
  for (let at = first; at < end; at += size) {
    if (isUnlike(record, view, at)) {
      odd++;
      from = Math.min(from, at);
      if (texts || isText(view, at, size)) certain.push(at);
    } else if (!isZero(view, at, size)) good++;
  }
  return { from, odd, good, certain };
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

function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}

/** Of one record, so many wrong fields are not damage of one. */
const WRONG_FIELDS = 2;

/** Whether most of what is checked of a record and set is wrong: text and a number where it has both. */
function isUnlike(record: RecordType<unknown>, view: DataView, offset: number): boolean {
  const { size = 0 } = record;
  const { masks, texts } = checksFor(record);
  let wrong = 0;
  let right = 0;
  for (const { at, lo, hi, ownLo, ownHi } of masks) {
    const low = view.getInt32(offset + at, true);
    const high = at + 8 <= size ? view.getInt32(offset + at + 4, true) : 0;
    if (((low & lo) | (high & hi)) !== 0) wrong++;
    else if (((low & ownLo) | (high & ownHi)) !== 0) right++;
  }
  let unreadable = 0;
  for (const { at, size: length } of texts) {
    if (textFaults(view, offset + at, length) > 0) unreadable++;
    else if (view.getUint8(offset + at) !== 0) right++;
  }
  if (texts.length > 0) return unreadable > 0 && wrong > 0 && wrong + unreadable > right;
  return wrong >= Math.min(WRONG_FIELDS, masks.length) && wrong > 0 && wrong >= right;
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

function isZero(view: DataView, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (view.getUint8(start + i) !== 0) return false;
  return true;
}

const LEAST_TEXT = 16;
const LEAST_LETTERS = 4;

/** Whether bytes are letters, but for a few zeros: numbers have a zero byte at their top, and bits above 0x7f. */
function isText(view: DataView, start: number, length: number): boolean {
  const letters = new Set<number>();
  let count = 0;
  for (let i = start; i < start + length; i++) {
    const byte = view.getUint8(i);
    if (byte === 0) continue;
    if (byte > 0x7e || (byte < 0x20 && byte !== 0x0a && byte !== 0x09)) return false;
    letters.add(byte);
    count++;
  }
  return count >= LEAST_TEXT && count * 4 >= length * 3 && letters.size >= LEAST_LETTERS;
}

/** Of a bitmap, so many words of which nearly all are addresses of the kernel's own memory are no bits. */
const LEAST_POINTERS = 64;
/** Bits 63:47 of such an address, in its high half. */
const KERNEL = 0xffff_8000;

/**
 * Whether bytes may be bits of a bitmap. Any bits may be, so this refuses only text, and pages of kernel addresses: no
 * bitmap has the same 17 bits in every word that is not empty or full.
 */
export function looksLikeBits(view: DataView): boolean {
  const { byteLength } = view;
  if (isText(view, 0, byteLength)) return false;
  let pointers = 0;
  let others = 0;
  for (let at = 0; at + 8 <= byteLength; at += 8) {
    const lo = view.getInt32(at, true);
    const hi = view.getInt32(at + 4, true);
    if ((lo | hi) === 0 || (lo & hi) === -1) continue;
    if ((hi & KERNEL) >>> 0 === KERNEL) pointers++;
    else others++;
  }
  return pointers < LEAST_POINTERS || others * 8 > pointers;
}

/** Of the high half of an address, bits that no machine has. */
const HIGH = 0xfff0_0000;

/** Whether a word can be the address of a page; 0 can. */
export function isPageAddress(view: DataView, at: number, pageSize: number): boolean {
  return (
    ((view.getUint32(at, true) & (pageSize - 1)) | (view.getUint32(at + BYTES_OF_HALF, true) & HIGH)) === 0
  );
}

const BYTES_OF_HALF = 4;

/** So many of a page's words that can be no address are not damage of one or two. */
const ODD_WORDS = 8;
/** Words that are letters from end to end are told by so many. */
const TEXT_WORDS = 4;

/**
 * The same for a page of addresses of pages, 0 where there is none: what is no address is damage, unless most words of
 * a page are none, or they are letters.
 *
 * @param pageSize bytes
 */
export function findUnlikeAddresses(
  view: DataView,
  first: number,
  to: number,
  pageSize: number,
  found: (start: number, end: number) => void,
): void {
  for (let start = first; start + 8 <= to; ) {
    const end = Math.min(to, (Math.floor(start / PAGE) + 1) * PAGE);
    let from = end;
    let odd = 0;
    let good = 0;
    for (let at = start; at + 8 <= end; at += 8) {
      if (!isPageAddress(view, at, pageSize)) {
        from = Math.min(from, at);
        odd++;
      } else if (!isZero(view, at, 8)) good++;
    }
    // Sound ones at the start are a list whose end was damaged.
    if (odd >= ODD_WORDS && odd > good) found(from, end);
    else if (odd >= TEXT_WORDS) findTextWords(view, start, end, found);
    start = end;
  }
}

function findTextWords(
  view: DataView,
  from: number,
  to: number,
  found: (start: number, end: number) => void,
): void {
  const length = TEXT_WORDS * 8;
  for (let at = from; at + length <= to; ) {
    let end = at;
    while (end + length <= to && isText(view, end, length)) end += length;
    if (end > at) found(at, end);
    at = Math.max(end, at + 8);
  }
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
  const { masks, texts } = compile(record);
  if (endian !== 'le' || texts.length > 0 || size === 0 || size % 4 !== 0) return undefined;
  const words = new Int32Array(size / 4);
  for (const { at, lo, hi } of masks) {
    const word = at / 4;
    words[word] = (words[word] as number) | lo;
    if (word + 1 < words.length) words[word + 1] = (words[word + 1] as number) | hi;
  }
  return words;
}

/** 1 for text that does not end or has control characters, 1 for bytes after its end, 2 if all of it does. */
function textFaults(view: DataView, start: number, size: number): number {
  let end = start;
  let control = false;
  while (end < start + size) {
    const byte = view.getUint8(end);
    if (byte === 0) break;
    if (byte < 0x20 || byte === 0x7f) control = true;
    end++;
  }
  let rest = false;
  for (let i = end; i < start + size; i++) if (view.getUint8(i) !== 0) rest = true;
  const ended = end < start + size;
  if (!ended || control) return rest || (!ended && control) ? 2 : 1;
  return rest ? (end === start ? 2 : 1) : 0;
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
