/** Binary search in ascending numbers. */
import { firstIndex } from '../memory/first-after.js';

/** @returns index of the first element that is not below `value`; the length where there is none */
export function lowerBound(sorted: readonly number[], value: number): number {
  return firstIndex(sorted.length, (i) => (sorted[i] ?? 0) < value);
}
