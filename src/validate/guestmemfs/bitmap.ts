/** The allocation bitmap in memory, as much of it as the dump holds. */
import type { Guestmemfs } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { firstAbsent, physicalAddress } from '../../memory/read.js';
import type { Reporter, RuleContext } from '../rule.js';
import { guestmemfsOf } from './subject.js';

/** Bytes that the kernel allocates for the bitmap; a damaged record's length is not trusted. */
const BITMAP_SIZE = 1 << 20;
const WINDOW = 4096;

export interface Bitmap {
  /** Physical address of the first byte. */
  readonly address: bigint;
  /** Number of bits in it. */
  readonly bits: number;
  /** 0 or 1; undefined when the byte is not in the dump. */
  bit(index: number): number | undefined;
  /** The first bit in [from, to) that is set, -1 for none; bytes that are not in the dump are passed over. */
  next(from: number, to: number): number;
  /** Physical address of the first byte of bits [from, to) that is not in the dump. */
  absentIn(from: number, to: number): bigint | undefined;
}

const bitmaps = new WeakMap<Guestmemfs, Bitmap>();

/** The bitmap; when no record or no possible address says where it is, the rule is skipped. */
export function bitmapOf(context: RuleContext, report: Reporter): Bitmap | undefined {
  const guestmemfs = guestmemfsOf(context, report);
  const { memory } = context.handover;
  const [, , record] = guestmemfs?.superblock ?? [];
  if (guestmemfs === undefined || memory === undefined) return undefined;
  const start = record === undefined ? undefined : physicalAddress(record.addr);
  if (record === undefined || start === undefined) {
    report.skip('no record has the address of the allocation bitmap');
    return undefined;
  }
  let bitmap = bitmaps.get(guestmemfs);
  if (bitmap === undefined) {
    const size = record.len < BigInt(BITMAP_SIZE) ? Number(record.len) : BITMAP_SIZE;
    bitmap = readBitmap(memory, start, size);
    bitmaps.set(guestmemfs, bitmap);
  }
  return bitmap;
}

function readBitmap(memory: PhysicalMemory, start: number, size: number): Bitmap {
  const words = new Int32Array(Math.ceil(size / 4));
  const bytes = new Uint8Array(words.buffer, 0, size);
  /** By byte: 1 where the dump holds it. */
  const known = new Uint8Array(size);
  const window = new Uint8Array(WINDOW);
  for (const run of memory.runs(start, start + size)) {
    if (run.state === 'absent') continue;
    for (let at = run.start; at < run.end; ) {
      const count = memory.read(at, Math.min(WINDOW, run.end - at), window);
      if (count === 0) break;
      bytes.set(window.subarray(0, count), at - start);
      known.fill(1, at - start, at - start + count);
      at += count;
    }
  }
  const end = (to: number): number => Math.min(to, size * 8);
  return {
    address: BigInt(start),
    bits: size * 8,
    bit: (index) => (known[index >> 3] === 1 ? ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1 : undefined),
    next(from, to) {
      const last = end(to);
      let index = from;
      while (index < last) {
        // Mostly zero: word by word.
        if (words[index >> 5] === 0) index = (index | 31) + 1;
        else if ((((bytes[index >> 3] as number) >> (index & 7)) & 1) === 1) return index;
        else index++;
      }
      return -1;
    },
    absentIn(from, to) {
      if (from >= end(to)) return undefined;
      const absent = firstAbsent(memory, start + (from >> 3), start + Math.ceil(end(to) / 8));
      return absent === undefined ? undefined : BigInt(absent);
    },
  };
}
