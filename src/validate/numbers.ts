/** bigint has no Math.min and Math.max. */

/** The lower of two addresses. */
export function lower(a: bigint, b: bigint): bigint {
  return [a, b].reduce((low, value) => (value < low ? value : low));
}

/** The higher of two addresses. */
export function higher(a: bigint, b: bigint): bigint {
  return [a, b].reduce((high, value) => (value > high ? value : high));
}
