import {
  accessesOf,
  iovasOf,
  type LeafBatch,
  leavesOfRow,
  pagesOf,
  pagesPerEntry,
  targetsOf,
} from '../walk/batch.js';

/** Characters of a chunk, about. */
const CHUNK = 65536;
/** More than any line takes: two 64-bit numbers, a size and the access. */
const LINE_MOST = 64;
const HEX = new TextEncoder().encode('0123456789abcdef');
const ENCODER = new TextEncoder();

/** Text of an access value: `r`, `w`, `rw`, or `-` for neither. */
export function accessText(access: number): string {
  return ['-', 'r', 'w', 'rw'][access & 3] as string;
}

/** Hex digits that a non-negative integer below 2^53 takes, at least 1. */
function digitsOf(value: number): number {
  const high = Math.floor(value / 0x100000000);
  const low = value | 0;
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  return Math.max(1, (bits + 3) >> 2);
}

/** Writes the byte address of page frame `pfn` as `0x...` into `out`; returns the index after it. */
function putAddress(out: Uint8Array, at: number, pfn: number): number {
  out[at] = 0x30;
  out[at + 1] = 0x78;
  if (pfn === 0) {
    out[at + 2] = 0x30;
    return at + 3;
  }
  const digits = digitsOf(pfn);
  const end = at + 2 + digits;
  let low = pfn | 0;
  let high = Math.floor(pfn / 0x100000000);
  for (let i = end - 1; i > at + 1; i--) {
    out[i] = HEX[low & 15] as number;
    low = (low >>> 4) | (high << 28);
    high >>>= 4;
  }
  out.fill(0x30, end, end + 3);
  return end + 3;
}

/** The end of each line of a run: size and access. */
function lineEnds(): (level: number, access: number) => Uint8Array {
  const known = new Map<number, Uint8Array>();
  return (level, access) => {
    const key = level * 4 + access;
    let end = known.get(key);
    if (end === undefined) {
      const size = pagesPerEntry(level) * 4096;
      end = ENCODER.encode(`,0x${size.toString(16)},${accessText(access)}\n`);
      known.set(key, end);
    }
    return end;
  };
}

/** Place of the next leaf to write: row of the batch and leaf of that row. */
interface Cursor {
  row: number;
  leaf: number;
}

/** Writes leaves from the cursor on until the batch or the buffer ends; returns the bytes in use. */
function putLeaves(
  out: Uint8Array,
  at: number,
  batch: LeafBatch,
  cursor: Cursor,
  lineEnd: (level: number, access: number) => Uint8Array,
): number {
  const full = out.length - LINE_MOST;
  let used = at;
  const iovas = iovasOf(batch);
  const pages = pagesOf(batch);
  const targets = targetsOf(batch);
  const accesses = accessesOf(batch);
  while (cursor.row < batch.length) {
    const { row } = cursor;
    const level = batch.level[row] as number;
    const step = pagesPerEntry(level);
    const count = leavesOfRow(pages[row] as number, level);
    const end = lineEnd(level, accesses[row] as number);
    let leaf = cursor.leaf;
    let iova = (iovas[row] as number) + leaf * step;
    let target = (targets[row] as number) + leaf * step;
    for (; leaf < count; leaf++) {
      if (used > full) {
        cursor.leaf = leaf;
        return used;
      }
      used = putAddress(out, used, iova);
      out[used++] = 0x2c;
      used = putAddress(out, used, target);
      for (let i = 0; i < end.length; i++) out[used++] = end[i] as number;
      iova += step;
      target += step;
    }
    cursor.row++;
    cursor.leaf = 0;
  }
  return used;
}

/**
 * Leaves as comma-separated values: the header `iova,pa,size,access`, then one line for each leaf in the
 * order of the walk, e.g. `0x1000,0x1c9ef000,0x1000,r`.
 *
 * @returns the text in chunks of about 64 KiB, each valid until the next is asked for
 */
export function* csvBytes(batches: Iterable<LeafBatch>): Generator<Uint8Array, void> {
  const out = new Uint8Array(CHUNK + LINE_MOST);
  const lineEnd = lineEnds();
  const header = ENCODER.encode('iova,pa,size,access\n');
  out.set(header);
  let used = header.length;
  for (const batch of batches) {
    const cursor: Cursor = { row: 0, leaf: 0 };
    while (cursor.row < batch.length) {
      used = putLeaves(out, used, batch, cursor, lineEnd);
      if (used > CHUNK) {
        yield out.subarray(0, used);
        used = 0;
      }
    }
  }
  if (used > 0) yield out.subarray(0, used);
}
