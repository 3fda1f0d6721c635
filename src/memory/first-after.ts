/** Binary search among ranges. */

/**
 * @param ends ascending ends of ranges, exclusive
 * @param count how many of them are in use
 * @returns index of the first range that ends after `value`; `count` if there is none
 */
export function firstAfter(ends: Float64Array, value: number, count = ends.length): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
