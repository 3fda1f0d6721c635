/** Numbers from a seed: the same on every machine, so that a case can be made again from its number alone. */

/** A stream of pseudo-random numbers. */
export interface Random {
  /** An integer in 0..limit-1; `limit` is 1 to 2^32. */
  below(limit: number): number;
  /** True in `chances` of `of` cases. */
  chance(chances: number, of: number): boolean;
  /** Any unsigned integer of `width` (1..64) bits. */
  bits(width: number): bigint;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
}

/** 32 bits of avalanche (the finaliser of MurmurHash3, public domain). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * The stream of one case. Streams of neighbouring numbers share nothing, so cases can be made in any order.
 *
 * @param seed of the run, below 2^64
 * @param number of the case, below 2^53
 */
export function createRandom(seed: bigint, number: number): Random {
  // sfc32 (Chris Doty-Humphrey, public domain), its state filled from seed and number.
  let a = mix(Number(seed & 0xffff_ffffn) ^ 0x9e3779b9);
  let b = mix(Number((seed >> 32n) & 0xffff_ffffn) ^ a);
  let c = mix((number >>> 0) ^ Math.imul(b, 3));
  let counter = mix(Math.floor(number / 2 ** 32) ^ c) | 1;

  function next(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  }
  for (let i = 0; i < 12; i++) next();

  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    chance: (chances, of) => below(of) < chances,
    bits: (width) => ((BigInt(next()) << 32n) | BigInt(next())) & ((1n << BigInt(width)) - 1n),
    pick(list) {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[below(list.length)] as (typeof list)[number];
    },
  };
}
