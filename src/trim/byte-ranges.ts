/** Sets of bytes of physical memory. */
import { ascendingOrder } from '../memory/ascending-order.js';
import { firstAfter } from '../memory/first-after.js';
import { PHYSICAL_LIMIT } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';

/** Sorted disjoint half-open ranges of physical byte addresses, neighbours merged. */
export interface ByteRanges {
  readonly count: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

/** Takes ranges in any order. */
export interface RangeCollector {
  /**
   * Adds [address, address + length); what is at 2^52 or above, and an empty range, adds nothing.
   *
   * @param length bytes
   */
  add(address: bigint | number, length: number): void;
  /** The ranges added so far, in O(n log n), or O(n) where they ascend. */
  finish(): ByteRanges;
}

/** A collector; ranges that continue or overlap the one before cost nothing. */
export function createRangeCollector(): RangeCollector {
  let starts = new Float64Array(64);
  let ends = new Float64Array(64);
  let count = 0;
  let sorted = true;

  function push(start: number, end: number): void {
    const lastStart = starts[count - 1] ?? 0;
    const lastEnd = ends[count - 1] ?? -1;
    if (count > 0 && start >= lastStart && start <= lastEnd) {
      if (end > lastEnd) ends[count - 1] = end;
      return;
    }
    if (count > 0 && start < lastStart) sorted = false;
    if (count === starts.length) {
      // The same ranges again and again take no room: they are merged before there is more.
      merge();
      if (2 * count > starts.length) {
        starts = grown(starts);
        ends = grown(ends);
      }
      if (start < (starts[count - 1] ?? 0)) sorted = false;
    }
    starts[count] = start;
    ends[count++] = end;
  }

  function merge(): void {
    if (sorted) return;
    const [oldStarts, oldEnds] = [starts, ends];
    const order = ascendingOrder(oldStarts, count);
    starts = new Float64Array(oldStarts.length);
    ends = new Float64Array(oldEnds.length);
    count = 0;
    sorted = true;
    for (const i of order) push(oldStarts[i] ?? 0, oldEnds[i] ?? 0);
  }

  return {
    add(address, length) {
      const start = physicalAddress(address);
      if (start === undefined || !(length > 0)) return;
      push(start, Math.min(start + length, PHYSICAL_LIMIT));
    },
    finish() {
      merge();
      return { count, starts: starts.slice(0, count), ends: ends.slice(0, count) };
    },
  };
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

/** The parts of [start, end) that are in the set, ascending. O(log n) and the parts. */
export function* within(
  { starts, ends, count }: ByteRanges,
  start: number,
  end: number,
): Generator<{ start: number; end: number }> {
  for (let i = firstAfter(ends, start, count); i < count && (starts[i] ?? 0) < end; i++) {
    yield { start: Math.max(start, starts[i] ?? 0), end: Math.min(end, ends[i] ?? 0) };
  }
}

/** Whether a byte of [start, end) is in the set. O(log n). */
export function touches({ starts, ends, count }: ByteRanges, start: number, end: number): boolean {
  const i = firstAfter(ends, start, count);
  return i < count && (starts[i] ?? 0) < end;
}

/** The bytes of `ranges` that are not in `holes`. */
export function without(ranges: ByteRanges, holes: ByteRanges): ByteRanges {
  const result = createRangeCollector();
  for (let i = 0; i < ranges.count; i++) {
    const end = ranges.ends[i] ?? 0;
    let at = ranges.starts[i] ?? 0;
    for (const hole of within(holes, at, end)) {
      result.add(at, hole.start - at);
      at = hole.end;
    }
    result.add(at, end - at);
  }
  return result.finish();
}

/** The bytes of either set. */
export function union(a: ByteRanges, b: ByteRanges): ByteRanges {
  const result = createRangeCollector();
  for (const { starts, ends, count } of [a, b]) {
    for (let i = 0; i < count; i++) result.add(starts[i] ?? 0, (ends[i] ?? 0) - (starts[i] ?? 0));
  }
  return result.finish();
}

/** The bytes of both sets. */
export function intersection(a: ByteRanges, b: ByteRanges): ByteRanges {
  const result = createRangeCollector();
  for (let i = 0; i < a.count; i++) {
    for (const { start, end } of within(b, a.starts[i] ?? 0, a.ends[i] ?? 0)) result.add(start, end - start);
  }
  return result.finish();
}

/** The pages of `pageSize` bytes that hold a byte of the set. */
export function wholePages({ starts, ends, count }: ByteRanges, pageSize: number): ByteRanges {
  const result = createRangeCollector();
  for (let i = 0; i < count; i++) {
    const start = Math.floor((starts[i] ?? 0) / pageSize) * pageSize;
    result.add(start, Math.ceil((ends[i] ?? 0) / pageSize) * pageSize - start);
  }
  return result.finish();
}

/** Number of bytes in the set. */
export function countBytes({ starts, ends, count }: ByteRanges): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += (ends[i] ?? 0) - (starts[i] ?? 0);
  return bytes;
}
