/** Random numbers that are the same for one seed everywhere (mulberry32). */
export interface Random {
  /** An integer in [0, end). */
  below(end: number): number;
  /** An integer of that many bits, at most 64. */
  bits(width: number): bigint;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }
  return {
    below: (end) => Math.floor((next() / 2 ** 32) * end),
    bits: (width) => BigInt.asUintN(width, (BigInt(next()) << 32n) | BigInt(next())),
  };
}
