/** Permutations that need no table: any position can be asked for, in either direction. */
import { happens, hash } from './random.js';

/** A permutation of 0 to n - 1. */
export interface Shuffle {
  /** Where position `index` goes. */
  forward(index: number): number;
  /** Which position goes to `index`. */
  backward(index: number): number;
}

/** Positions are shuffled within groups of this many, and whole groups are turned round. */
const GROUP = 64;

/**
 * A permutation of 0 to count - 1 that keeps neighbours near each other, as allocators do.
 *
 * @param disorder part of the groups whose order is changed, from 0 (none: the identity) to 1
 */
export function createShuffle(count: number, key: number, disorder: number): Shuffle {
  const groups = Math.floor(count / GROUP);
  const turn = disorder > 0 && groups > 1 ? hash(key, 0x7001) % groups : 0;
  const whole = groups * GROUP;
  return {
    forward(index) {
      if (index >= whole) return index;
      const group = Math.floor(index / GROUP);
      const at = index - group * GROUP;
      const target = (group + turn) % groups;
      return (
        target * GROUP + (happens(disorder, key, target, 1) ? scatter(at, GROUP, hash(key, target)) : at)
      );
    },
    backward(index) {
      if (index >= whole) return index;
      const target = Math.floor(index / GROUP);
      const at = index - target * GROUP;
      const group = (target + groups - turn) % groups;
      return group * GROUP + (happens(disorder, key, target, 1) ? gather(at, GROUP, hash(key, target)) : at);
    },
  };
}

/**
 * An affine permutation.
 *
 * @param size a power of two of at most 2^16
 * @param choice 32 bits that pick one
 */
export function scatter(index: number, size: number, choice: number): number {
  return (index * odd(choice) + (choice >>> 16)) & (size - 1);
}

/** The inverse of {@link scatter}. */
export function gather(index: number, size: number, choice: number): number {
  return Math.imul(index - (choice >>> 16), inverse(odd(choice))) & (size - 1);
}

function odd(choice: number): number {
  return (choice & 0xffff) | 1;
}

/** The inverse of an odd number modulo 2^32: each step of Newton's doubles the bits that are right. */
function inverse(value: number): number {
  let x = value;
  for (let i = 0; i < 4; i++) x = Math.imul(x, 2 - Math.imul(value, x));
  return x;
}
