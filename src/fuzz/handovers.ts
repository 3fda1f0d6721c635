/** Whole handovers, consistent by construction: what their own account says is in their bytes. */
import fc from 'fast-check';
import { type SynthPlan, synthesise } from '../synth/synth.js';
import type { Synthesis } from '../synth/synthesis.js';
import { rfcPlanArbitrary } from './rfc-plans.js';
import { upstreamPlanArbitrary } from './upstream-plans.js';

/**
 * Any plan of any generation that a release or the 2024 series has.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { planArbitrary, synthesise } from 'kho-toolkit/arbitraries';
 *
 * const [plan] = fc.sample(planArbitrary(), 1);
 * if (plan !== undefined) console.log(synthesise(plan).blob.length > 0); //=> true
 * ```
 */
export function planArbitrary(): fc.Arbitrary<SynthPlan> {
  return fc.oneof(
    { weight: 1, arbitrary: rfcPlanArbitrary() },
    { weight: 3, arbitrary: upstreamPlanArbitrary() },
  );
}

/** A plan with the dump that it stands for; a counterexample shrinks with the plan and prints as the plan. */
export interface PlannedDump {
  readonly plan: SynthPlan;
  readonly dump: Synthesis;
  /** The plan as text, for fast-check's reports. */
  toString(): string;
}

/**
 * Dumps of plans.
 *
 * @param plans by default {@link planArbitrary}
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { catalogue, decodeHandover, validate } from 'kho-toolkit';
 * import { handoverArbitrary } from 'kho-toolkit/arbitraries';
 *
 * // Whatever is made is sound.
 * const sound = fc.property(handoverArbitrary(), ({ dump: { blob, memory } }) => {
 *   return validate(decodeHandover(blob, { memory }), catalogue).failed.length === 0;
 * });
 * console.log(fc.check(sound, { numRuns: 3 }).failed); //=> false
 * ```
 */
export function handoverArbitrary(
  plans: fc.Arbitrary<SynthPlan> = planArbitrary(),
): fc.Arbitrary<PlannedDump> {
  return plans.map((plan) => ({
    plan,
    dump: synthesise(plan),
    toString: () => fc.stringify(plan),
    [fc.toStringMethod]: () => fc.stringify(plan),
  }));
}
