/** Binary search among ranges, among values, and by any test. */

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

/**
 * @param sorted ascending
 * @param count how many of them are in use
 * @returns index of the first value that is not below `value`; `count` if there is none
 */
export function firstFrom(sorted: ArrayLike<number>, value: number, count = sorted.length): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param before holds for the indices up to some point, and for none from there on
 * @returns that point; `count` if it holds for all
 */
export function firstIndex(count: number, before: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
