/** The order of numbers in a column, where the columns beside it must follow. */
import { LITTLE_ENDIAN_HOST } from './host-order.js';

/** With fewer numbers counting digits takes longer than comparing. */
const FEW = 1 << 14;
const DIGITS = 4;
const DIGIT = 1 << 16;

/**
 * @param keys numbers from 0 on, none of them NaN
 * @param length how many of them
 * @returns their indices in ascending order; equal ones as they come
 */
export function ascendingOrder(keys: Float64Array, length = keys.length): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  if (isAscending(keys, length)) return order;
  if (length < FEW || !LITTLE_ENDIAN_HOST)
    return order.sort((a, b) => (keys[a] as number) - (keys[b] as number));
  return byDigits(keys, order);
}

function isAscending(keys: Float64Array, length: number): boolean {
  for (let i = 1; i < length; i++) if ((keys[i] as number) < (keys[i - 1] as number)) return false;
  return true;
}

/** Without sign, doubles are in the order of their bits: sorted by each 16 of these, the lowest first. */
function byDigits(keys: Float64Array, indices: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const { length } = indices;
  const digits = new Uint16Array(keys.buffer, keys.byteOffset, DIGITS * length);
  const counts = new Uint32Array(DIGIT);
  let [order, next] = [indices, new Uint32Array(length)];
  for (let digit = 0; digit < DIGITS; digit++) {
    counts.fill(0);
    for (let i = digit; i < digits.length; i += DIGITS) {
      const value = digits[i] as number;
      counts[value] = (counts[value] as number) + 1;
    }
    // Bits that all have tell nothing.
    if (counts[digits[digit] as number] === length) continue;
    let before = 0;
    for (let value = 0; value < DIGIT; value++) {
      const count = counts[value] as number;
      counts[value] = before;
      before += count;
    }
    for (let i = 0; i < length; i++) {
      const index = order[i] as number;
      const value = digits[DIGITS * index + digit] as number;
      const at = counts[value] as number;
      counts[value] = at + 1;
      next[at] = index;
    }
    [order, next] = [next, order];
  }
  return order;
}
