/**
 * Numbers from a seed. Two kinds: a sequence, for plans, cases and corruptions, and a hash of positions, for what is generated at any
 * place without what comes before it. Both are integer arithmetic, so that every machine gives the same.
 */

/** A sequence of numbers. */
export interface Random {
  /** The next 32 bits. */
  next(): number;
  /** An integer from 0 to `end` - 1; `end` is at most 2^32. */
  below(end: number): number;
  /** An integer from `min` to `max`. */
  between(min: number, max: number): number;
  /** An unsigned integer of `width` (1..64) bits. */
  bits(width: number): bigint;
  /** True with this probability. */
  chance(probability: number): boolean;
  /**
   * One of the values.
   *
   * @throws RangeError when there is none
   */
  pick<T>(values: readonly T[]): T;
}

const RANGE = 2 ** 32;

/**
 * A sequence (sfc32 of Chris Doty-Humphrey, public domain). Sequences of neighbouring streams have nothing in
 * common, so that they can be made in any order.
 *
 * @param seed 64 bits
 * @param stream tells sequences of one seed apart; below 2^53
 */
export function createRandom(seed: bigint, stream = 0): Random {
  let a = Number(BigInt.asIntN(32, seed));
  let b = Number(BigInt.asIntN(32, seed >> 32n));
  let c = stream | 0;
  let counter = (Math.floor(stream / RANGE) + 1) | 0;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  const below = (end: number): number => Math.floor((next() / RANGE) * end);
  return {
    next,
    below,
    between: (min, max) => min + below(max - min + 1),
    chance: (probability) => next() / RANGE < probability,
    bits: (width) => BigInt.asUintN(width, (BigInt(next()) << 32n) | BigInt(next())),
    pick(values) {
      if (values.length === 0) throw new RangeError('nothing to pick from');
      return values[below(values.length)] as (typeof values)[number];
    },
  };
}

/** 32 bits that depend on a key and two positions (MurmurHash3's mixing). */
export function hash(key: number, a: number, b = 0): number {
  let h = mix(mix(key | 0, a | 0), b | 0);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function mix(h: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Whether a position is among those that have something with this probability. */
export function happens(probability: number, key: number, a: number, b = 0): boolean {
  return hash(key, a, b) < probability * RANGE;
}
