/** Numbers as people write them: one grammar for options, addresses that are asked about, and the page's search. */

const NUMBER = /^(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtT]?)(?:i?[bB])?$/;
const SUFFIXES = ['', 'k', 'm', 'g', 't'];

/**
 * A non-negative integer, decimal or 0x, with K, M, G or T (powers of 1024) after it; exact at any width.
 *
 * @returns undefined for any other text
 */
export function numberFromText(text: string): bigint | undefined {
  const [, digits, suffix = ''] = NUMBER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return BigInt(digits) << BigInt(10 * SUFFIXES.indexOf(suffix.toLowerCase()));
}
