/** Node names that carry a number, in both directions. */
import type { NodeName } from '../structures/tree.js';

type NumberName = Extract<NodeName, { number: unknown }>;

const DECIMAL = /^(0|[1-9][0-9]*)$/;
const HEX = /^(0|[1-9a-f][0-9a-f]*)$/;

/**
 * The number in a canonical node name (no sign, no leading zeros, no padding).
 *
 * @returns undefined when the name is not of that form or exceeds 64 bits (32 bits where the field is narrow)
 */
export function numberFromName(binding: NumberName, name: string): bigint | number | undefined {
  const prefix = binding.prefix ?? '';
  if (!name.startsWith(prefix)) return undefined;
  const digits = name.slice(prefix.length);
  // 20 decimal digits hold 2^64-1; longer names cannot fit and are not worth converting.
  if (digits.length > 20 || !(binding.number === 'hex' ? HEX : DECIMAL).test(digits)) return undefined;
  const number = BigInt(binding.number === 'hex' ? `0x${digits}` : digits);
  if (number >= 1n << (binding.wide ? 64n : 32n)) return undefined;
  return binding.wide ? number : Number(number);
}

/** The canonical node name of a number. */
export function nameFromNumber(binding: NumberName, number: bigint | number): string {
  return (binding.prefix ?? '') + number.toString(binding.number === 'hex' ? 16 : 10);
}
