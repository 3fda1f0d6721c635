/** Which of the places that records point to look like the records that should be there. */
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { countUnlike, looksLikeList } from '../schema/plausible-lists.js';
import type { RecordType } from '../schema/record.js';
import type { EntryFormat } from '../vtd/walk/format.js';

/** Records are judged together in stretches of this size, as reused memory is: a page. */
const WINDOW = 4096;
/** So many stretches are read at once. */
const STRETCHES = 16;

/** Tells stretches that look like records from those that do not. */
export interface Judge {
  /** Judges one record, or as many as are end to end. */
  records(record: RecordType<unknown>, address: number | bigint, count: number): void;
}

/**
 * @param good told of stretches that look like the records they are said to be, absent ones included
 * @param bad told of those that do not
 */
export function createJudge(
  memory: PhysicalMemory,
  good: (address: number, length: number) => void,
  bad: (address: number, length: number) => void,
): Judge {
  let bytes = new Uint8Array(STRETCHES * WINDOW);
  return {
    records(record, address, count) {
      const { size = 0 } = record;
      const at = physicalAddress(address);
      if (at === undefined || size === 0) return;
      const each = Math.max(1, Math.floor(WINDOW / size));
      if (bytes.length < size) bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      const words = new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
      const together = Math.max(1, Math.floor(bytes.length / size / each)) * each;
      for (let begin = 0; begin < count; begin += together) {
        const all = Math.min(together, count - begin);
        const whole = memory.read(at + begin * size, all * size, bytes) === all * size;
        for (let first = 0; first < all; first += each) {
          const wanted = Math.min(each, all - first);
          const start = at + (begin + first) * size;
          // Beyond a hole there is memory again.
          const known = whole ? wanted : Math.floor(memory.read(start, wanted * size, bytes) / size);
          const faulty = countUnlike(record, view, words, whole ? first : 0, known);
          (looksLikeList(faulty, known) ? good : bad)(start, wanted * size);
        }
      }
    },
  };
}

/** Whether the present entries of a page look like a paging table's: of random ones most have reserved bits set. */
export function looksLikeTable(
  words: Int32Array,
  present: Uint16Array,
  format: EntryFormat,
  level: number,
): boolean {
  let faulty = 0;
  for (const index of present) {
    const lo = words[2 * index] ?? 0;
    const hi = words[2 * index + 1] ?? 0;
    const leaf = level === 1 || ((lo & format.largeLo) !== 0 && ((format.largeLevels >> level) & 1) === 1);
    const reservedLo = (leaf ? format.leafReservedLo : format.tableReservedLo)[level] ?? 0;
    const reservedHi = (leaf ? format.leafReservedHi : format.tableReservedHi)[level] ?? 0;
    if (((lo & reservedLo) | (hi & reservedHi)) !== 0) faulty++;
  }
  return looksLikeList(faulty, present.length);
}

const LEAST_TEXT = 64;
const LEAST_LETTERS = 4;

/** Whether bytes are text: a bitmap of a map has not a hundred bytes that are all letters, and several of them. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const letters = new Set<number>();
  let count = 0;
  for (const byte of bytes) {
    if (byte === 0) continue;
    if (byte > 0x7e || (byte < 0x20 && byte !== 0x0a && byte !== 0x09)) return false;
    letters.add(byte);
    count++;
  }
  return count >= LEAST_TEXT && letters.size >= LEAST_LETTERS;
}
