/** Physical addresses that are asked about, in order, each once. */
import { firstAfter } from '../memory/first-after.js';

export interface Addresses {
  /** Ascending, distinct. */
  readonly sorted: Float64Array;
  /** Those in [start, end), as indices of `sorted`. O(log n) where there are none. */
  within(start: number, end: number): Iterable<number>;
  /** Index of an address; -1 where it is not among them. O(log n). */
  indexOf(address: number): number;
}

const NONE: readonly number[] = [];

export function addressesOf(values: Iterable<number>): Addresses {
  const sorted = Float64Array.from(new Set(values)).sort();
  const ends = sorted.map((address) => address + 1);
  const { length } = sorted;
  const low = length === 0 ? Number.POSITIVE_INFINITY : (sorted[0] as number);
  const high = length === 0 ? Number.NEGATIVE_INFINITY : (sorted[length - 1] as number);
  return {
    sorted,
    indexOf(address) {
      const index = firstAfter(ends, address);
      return sorted[index] === address ? index : -1;
    },
    within(start, end) {
      if (start > high || end <= low) return NONE;
      const first = firstAfter(ends, start);
      let last = first;
      while (last < length && (sorted[last] as number) < end) last++;
      return last === first ? NONE : range(first, last);
    },
  };
}

function* range(first: number, end: number): Generator<number> {
  for (let i = first; i < end; i++) yield i;
}
