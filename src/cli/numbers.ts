/** Numbers and lists on the command line, exact at any width. */
import { numberFromText } from '../schema/number-text.js';

/** An argument that cannot be used; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * A non-negative integer below 2^64: decimal or 0x, with K, M, G or T (powers of 1024) after it.
 *
 * @throws UsageError naming the option
 */
export function parseNumber(text: string, option: string): bigint {
  const value = numberFromText(text);
  if (value === undefined)
    throw new UsageError(`--${option}: "${text}" is not a number (decimal or 0x, with K, M, G or T)`);
  if (value >= 1n << 64n) throw new UsageError(`--${option}: ${text} does not fit 64 bits`);
  return value;
}

/** Like {@link parseNumber}, for what is small: an index, a width. */
export function parseSmall(text: string, option: string, min: number, max: number): number {
  const value = parseNumber(text, option);
  if (value < BigInt(min) || value > BigInt(max)) {
    throw new UsageError(`--${option}: ${text} is not in ${min}..${max}`);
  }
  return Number(value);
}

/** Repeated and comma-separated values as one list, never greedy. */
export function parseList(value: string | readonly string[] | undefined): string[] {
  const given = value === undefined ? [] : typeof value === 'string' ? [value] : value;
  return given.flatMap((item) => item.split(',')).filter((item) => item !== '');
}

/** The last one given, for an option that takes one value. */
export function lastValue(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.at(-1);
}

/**
 * One of the words that an option takes; of several given the last counts.
 *
 * @throws UsageError that lists the words
 */
export function oneOf<T extends string>(
  value: string | readonly string[] | undefined,
  option: string,
  words: readonly T[],
): T {
  const text = lastValue(value);
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const list =
    words.length > 3 ? `one of ${words.join(', ')}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  throw new UsageError(`--${option}: "${text}" is not ${list}`);
}
