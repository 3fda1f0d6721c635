/** A set of page frames that is filled in any order: a bitmap of those stretches that have any. */
import { firstFrom } from '../../memory/first-after.js';

/** Page frames in one piece of the bitmap. */
const PIECE_BITS = 4096;
const PIECE_WORDS = PIECE_BITS / 32;

export interface PageBits {
  /** Adds a page frame; false when it was there. */
  add(pfn: number): boolean;
  has(pfn: number): boolean;
  /** The first page frame of the set at `pfn` or after it; Infinity when there is none. */
  next(pfn: number): number;
  /** The first page frame at `pfn` or after it that is not in the set. */
  nextMissing(pfn: number): number;
}

/** An empty set. A filled piece takes 512 bytes, so that 1 TiB of 4K pages takes some 32 MiB. */
export function createPageBits(): PageBits {
  const pieces = new Map<number, Uint32Array>();
  let sorted: Float64Array | undefined;
  let lastNumber = -1;
  let last: Uint32Array | undefined;

  function piece(number: number): Uint32Array | undefined {
    if (number !== lastNumber) {
      lastNumber = number;
      last = pieces.get(number);
    }
    return last;
  }

  /** The first filled piece numbered `number` or above, -1 when there is none. */
  function nextPiece(number: number): number {
    if (piece(number) !== undefined) return number;
    sorted ??= Float64Array.from(pieces.keys()).sort();
    return sorted[firstFrom(sorted, number)] ?? -1;
  }

  return {
    add(pfn) {
      const number = Math.floor(pfn / PIECE_BITS);
      let words = piece(number);
      if (words === undefined) {
        words = new Uint32Array(PIECE_WORDS);
        pieces.set(number, words);
        last = words;
        sorted = undefined;
      }
      const bit = pfn - number * PIECE_BITS;
      const word = words[bit >>> 5] ?? 0;
      const mask = 1 << (bit & 31);
      if ((word & mask) !== 0) return false;
      words[bit >>> 5] = word | mask;
      return true;
    },
    has(pfn) {
      const number = Math.floor(pfn / PIECE_BITS);
      const bit = pfn - number * PIECE_BITS;
      return (((piece(number)?.[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
    },
    next(pfn) {
      let from = pfn;
      for (;;) {
        const number = nextPiece(Math.floor(from / PIECE_BITS));
        if (number < 0) return Number.POSITIVE_INFINITY;
        const base = number * PIECE_BITS;
        const found = scan(pieces.get(number), Math.max(0, from - base), 0);
        if (found < PIECE_BITS) return base + found;
        from = base + PIECE_BITS;
      }
    },
    nextMissing(pfn) {
      let from = pfn;
      for (;;) {
        const number = Math.floor(from / PIECE_BITS);
        const words = piece(number);
        if (words === undefined) return from;
        const base = number * PIECE_BITS;
        const found = scan(words, from - base, -1);
        if (found < PIECE_BITS) return base + found;
        from = base + PIECE_BITS;
      }
    },
  };
}

/** First bit from `bit` on that is 1 after the words were xored with `flip`; PIECE_BITS when there is none. */
function scan(words: Uint32Array | undefined, bit: number, flip: 0 | -1): number {
  let index = bit >>> 5;
  let mask = -1 << (bit & 31);
  for (; index < PIECE_WORDS; index++) {
    const word = ((words?.[index] ?? 0) ^ flip) & mask;
    if (word !== 0) return index * 32 + 31 - Math.clz32(word & -word);
    mask = -1;
  }
  return PIECE_BITS;
}
