/** Cases from a seed and a number. */

import { createRandom, type Random } from '../synth/random.js';
import { targetInstances } from './instances.js';
import { mutateBytes } from './mutate/bytes.js';
import { mutateRegions, mutateSizes } from './mutate/claims.js';
import { type MutateContext, type Mutator, mutateContext } from './mutate/context.js';
import { mutateField } from './mutate/field.js';
import { mutateChain, mutateList, mutateOverlap, mutatePages } from './mutate/records.js';
import { mutateRegister } from './mutate/register.js';
import { mutateTree } from './mutate/tree.js';
import { type Expectation, expectationOf, type Mutation } from './mutation.js';
import type { FuzzTarget } from './target.js';

/** One mutated dump to be. */
export interface FuzzCase {
  readonly number: number;
  readonly mutations: readonly Mutation[];
  readonly expect: Expectation;
}

/** Makes cases of one target; the target must not be under mutation while it does. */
export interface CaseMaker {
  readonly target: FuzzTarget;
  /** The case of this number, from 0 on. */
  make(number: number): FuzzCase;
}

/** Mutators by how often they have their turn. */
const MUTATORS: readonly (readonly [weight: number, mutator: Mutator])[] = [
  [10, mutateField],
  [2, mutateList],
  [1, mutateChain],
  [1, mutateOverlap],
  [1, mutatePages],
  [3, mutateTree],
  [4, mutateBytes],
  [1, mutateSizes],
  [1, mutateRegions],
];
/** Where the tables of remapping units are in the image. */
const WITH_UNITS: typeof MUTATORS = [...MUTATORS, [1, mutateRegister]];
/** Turns until a case is left with fewer mutations than it should have. */
const MAX_TURNS = 64;
/** One case in so many has several mutations, up to the number below. */
const SEVERAL = 4;
const MAX_MUTATIONS = 4;

/**
 * Cases of a target. The same target, seed and number give the same case, whatever was made before.
 *
 * @param seed below 2^64
 *
 * @example
 * ```ts
 * import { blobTarget, caseMaker, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const target = blobTarget(synthesise(planFromSeed({ abi: 'kho-v4' })).blob);
 * const { mutations, expect } = caseMaker(target, 1n).make(0);
 * console.log(mutations.length > 0, ['rules', 'accepted', 'unknown'].includes(expect.kind));
 * //=> true true
 * ```
 */
export function caseMaker(target: FuzzTarget, seed: bigint): CaseMaker {
  const context = mutateContext(target, targetInstances(target));
  const mutators = target.units === undefined ? MUTATORS : WITH_UNITS;
  return {
    target,
    make(number) {
      const random = createRandom(seed, number);
      const count = random.chance(1 / SEVERAL) ? 2 + random.below(MAX_MUTATIONS - 1) : 1;
      const mutations: Mutation[] = [];
      for (let turn = 0; mutations.length < count && turn < MAX_TURNS; turn++) {
        const mutation = pick(mutators, random)(context, random);
        if (mutation !== undefined) mutations.push(mutation);
      }
      return { number, mutations, expect: expectationOf(mutations) };
    },
  };
}

function pick(
  mutators: typeof MUTATORS,
  random: Random,
): (context: MutateContext, random: Random) => Mutation | undefined {
  let rest = random.below(mutators.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, mutator] of mutators) {
    if (rest < weight) return mutator;
    rest -= weight;
  }
  return mutateBytes;
}
