/** Text written into bytes: what is in millions of lines is never a string. */

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const ENCODER = new TextEncoder();
const WORD = 2 ** 32;

/** The most bytes that one number takes: `0x` and 17 digits (2^64 is an end), or 20 decimal ones. */
export const NUMBER_MOST = 20;

/** The bytes of ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Writes bytes; returns the index after them. Meant for a few: a call of `set` costs as much as 30. */
export function putBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  let used = at;
  for (let i = 0; i < bytes.length; i++) out[used++] = bytes[i] as number;
  return used;
}

/**
 * Writes `0x…` of a 64-bit number in two words: lower case, no padding.
 *
 * @param low bits 31:0, @param high bits 63:32, each as a signed or unsigned word
 * @returns the index after it
 */
export function putHexWords(out: Uint8Array, at: number, low: number, high: number): number {
  out[at] = 0x30;
  out[at + 1] = 0x78;
  let used = at + 2;
  if (high !== 0) {
    for (let shift = 28 - (Math.clz32(high) & 28); shift >= 0; shift -= 4)
      out[used++] = HEX[(high >>> shift) & 15] as number;
    for (let shift = 28; shift >= 0; shift -= 4) out[used++] = HEX[(low >>> shift) & 15] as number;
    return used;
  }
  for (let shift = low === 0 ? 0 : 28 - (Math.clz32(low) & 28); shift >= 0; shift -= 4)
    out[used++] = HEX[(low >>> shift) & 15] as number;
  return used;
}

/**
 * Writes `0x…` of a non-negative integer, which may be any that a double holds up to 2^64.
 *
 * @returns the index after it
 */
export function putHex(out: Uint8Array, at: number, value: number): number {
  if (value < WORD) return putHexWords(out, at, value | 0, 0);
  const high = Math.floor(value / WORD);
  if (high < WORD) return putHexWords(out, at, (value - high * WORD) | 0, high | 0);
  return putBytes(out, at, asciiBytes(`0x${BigInt(value).toString(16)}`));
}

/**
 * Writes the decimal digits of a non-negative safe integer.
 *
 * @returns the index after them
 */
export function putDecimal(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = 0x30 + value;
    return at + 1;
  }
  let digits = 1;
  for (let bound = 10; bound <= value; bound *= 10) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    out[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}
