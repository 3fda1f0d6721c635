/** The allocation bitmap in memory, as much of it as the dump holds. */
import type { Guestmemfs } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { firstAbsent, physicalAddress } from '../../memory/read.js';
import type { Reporter, RuleContext } from '../../validate/rule.js';
import { BITMAP_SIZE } from './memory.js';
import { guestmemfsOf } from './rules-view.js';

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
    // A damaged record's length is not trusted.
    const size = record.len < BigInt(BITMAP_SIZE) ? Number(record.len) : BITMAP_SIZE;
    bitmap = readBitmap(memory, start, size);
    bitmaps.set(guestmemfs, bitmap);
  }
  return bitmap;
}

function readBitmap(memory: PhysicalMemory, start: number, size: number): Bitmap {
  const words = new Int32Array(Math.ceil(size / 4));
  const bytes = new Uint8Array(words.buffer, 0, size);
  /** Bytes that the dump holds, as ascending [from, to) one after another. */
  const known: number[] = [];
  const add = (from: number, to: number): void => {
    if (known.at(-1) === from) known[known.length - 1] = to;
    else known.push(from, to);
  };
  for (const run of memory.runs(start, start + size)) {
    if (run.state === 'absent') continue;
    if (run.state === 'zero') {
      add(run.start - start, run.end - start);
      continue;
    }
    for (let at = run.start; at < run.end; ) {
      const from = at - start;
      const count = memory.read(at, Math.min(WINDOW, run.end - at), bytes.subarray(from));
      if (count === 0) break;
      add(from, from + count);
      at += count;
    }
  }
  // Questions come in order: the range of the last one is tried first.
  let last = 0;
  const has = (byte: number): boolean => {
    const within = (i: number): boolean => (known[i] as number) <= byte && byte < (known[i + 1] as number);
    if (last < known.length && within(last)) return true;
    for (let i = 0; i < known.length; i += 2) {
      if (!within(i)) continue;
      last = i;
      return true;
    }
    return false;
  };
  const end = (to: number): number => Math.min(to, size * 8);
  return {
    address: BigInt(start),
    bits: size * 8,
    bit: (index) => (has(index >> 3) ? ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1 : undefined),
    next(from, to) {
      const stop = end(to);
      let index = from;
      while (index < stop) {
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
