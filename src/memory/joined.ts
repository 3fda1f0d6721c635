/** Parts laid end to end as one thing that can be read at any offset. */
import { firstIndex } from './first-after.js';
import type { RandomAccess } from './random-access.js';

/**
 * @param sizes bytes of each part in order
 * @param copy puts the bytes of part `index` from `from` on into all of `into`, whatever was there before
 */
export function joinedAccess(
  sizes: readonly number[],
  copy: (index: number, from: number, into: Uint8Array) => void,
): RandomAccess {
  const count = sizes.length;
  /** Where each part begins, and after them the size of all. */
  const bases = new Float64Array(count + 1);
  for (const [i, size] of sizes.entries()) bases[i + 1] = (bases[i] ?? 0) + size;
  const end = bases[count] ?? 0;
  // Reads come in clusters: the part of the last one is tried before the binary search.
  let last = 0;

  function partAt(offset: number): number {
    return Math.max(0, firstIndex(count, (i) => (bases[i] ?? 0) <= offset) - 1);
  }

  function readAt(offset: number, length: number, into: Uint8Array): number {
    if (!((bases[last] ?? 0) <= offset && offset < (bases[last + 1] ?? 0))) last = partAt(offset);
    let done = 0;
    for (let index = last; done < length && index < count; index++) {
      const from = offset + done - (bases[index] ?? 0);
      const size = Math.min(length - done, (bases[index + 1] ?? 0) - (offset + done));
      if (size < 0) break;
      copy(index, from, into.subarray(done, done + size));
      done += size;
    }
    return done;
  }

  return { size: end, readAt };
}
