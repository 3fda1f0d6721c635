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
  /** Indices of the bits in [from, to) that are set, ascending; bytes that are not in the dump are passed over. */
  set(from: number, to: number): Iterable<number>;
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
    report.skip('no record says where the allocation bitmap is');
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

/** The first byte from `from` on, before `end`, that is not zero; at least the one behind `from`. */
function firstSet(bytes: Uint8Array, from: number, end: number): number {
  let at = from + 1;
  while (at < end && bytes[at] === 0) at++;
  return at;
}

function readBitmap(memory: PhysicalMemory, start: number, size: number): Bitmap {
  const bytes = new Uint8Array(size);
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
    *set(from, to) {
      for (let index = from; index < end(to); index++) {
        const byte = bytes[index >> 3] as number;
        if (byte === 0) index = firstSet(bytes, index >> 3, end(to) >> 3) * 8 - 1;
        else if (((byte >> (index & 7)) & 1) === 1) yield index;
      }
    },
    absentIn(from, to) {
      if (from >= end(to)) return undefined;
      const absent = firstAbsent(memory, start + (from >> 3), start + Math.ceil(end(to) / 8));
      return absent === undefined ? undefined : BigInt(absent);
    },
  };
}
