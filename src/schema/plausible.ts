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

/** Words of bits that a record has within it. */
interface BitsCheck {
  readonly at: number;
  readonly size: number;
}

interface TextCheck {
  readonly at: number;
  readonly size: number;
}

interface Checks {
  readonly masks: readonly MaskCheck[];
  readonly texts: readonly TextCheck[];
  readonly bitmaps: readonly BitsCheck[];
}

/** Address bits that no x86 or arm64 machine has, and those that a page's address has clear. */
const BEYOND = 0xfff0_0000_0000_0000n;
const IN_PAGE = 0xfffn;
const checksOf = new WeakMap<RecordType<unknown>, Checks>();

function compile(record: RecordType<unknown>): Checks {
  const masks: MaskCheck[] = [];
  const texts: TextCheck[] = [];
  const bitmaps: BitsCheck[] = [];
  const add = (fields: readonly FieldInfo[], from: number): void => {
    for (const field of fields) {
      const { bitOffset, bitWidth } = field;
      if (bitOffset === undefined || bitWidth === undefined) continue;
      const at = from + bitOffset;
      if (field.record !== undefined) add(field.record.fields, at);
      else if (field.text === true) texts.push({ at: at / 8, size: bitWidth / 8 });
      else if (isBitmap(field)) bitmaps.push({ at: at / 8, size: bitWidth / 8 });
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
  return { masks, texts, bitmaps };
}

/** Whether a field is words without a unit of their own. */
function isBitmap({ kind, element }: FieldInfo): boolean {
  return (
    kind === 'array' &&
    element?.bitWidth === 64 &&
    element.unit === undefined &&
    element.pointer === undefined
  );
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

/** What is checked of a record. */
export function checksFor(record: RecordType<unknown>): Checks {
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

/** Of one record, so many wrong fields are not damage of one. */
const WRONG_FIELDS = 2;

/** Whether most of what is checked of a record and set is wrong: text and a number where it has both. */
export function isUnlike(record: RecordType<unknown>, view: DataView, offset: number): boolean {
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

/** Where the text of a record ends after which all numbers are wrong that can be judged; -1 where they are not. */
export function wrongNumbers(record: RecordType<unknown>, view: DataView, offset: number): number {
  const { size = 0 } = record;
  const { masks, texts } = checksFor(record);
  const from = Math.max(0, ...texts.map((text) => text.at + text.size));
  const numbers = masks.filter(({ at }) => at >= from);
  for (const { at, lo, hi } of numbers) {
    const high = at + 8 <= size ? view.getInt32(offset + at + 4, true) : 0;
    if (((view.getInt32(offset + at, true) & lo) | (high & hi)) === 0) return -1;
  }
  return numbers.length === 0 ? -1 : offset + from;
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
