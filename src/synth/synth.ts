/** From parameters to a plan, and from a plan to a dump. */

import type { UpstreamGeneration } from '../structures/root/tree.js';
import { isRfc, RFC } from '../versions/generations.js';
import { checkOptions, type SynthOptions } from './options.js';
import { layRfc } from './rfc.js';
import { rfcPlan } from './rfc-options.js';
import type { RfcPlan } from './rfc-plan.js';
import { type Synthesis, synthesis } from './synthesis.js';
import { layUpstream } from './upstream.js';
import { upstreamPlan } from './upstream-options.js';
import type { UpstreamPlan } from './upstream-plan.js';

/** What a dump shall hold: plain data, tells generations apart by `abi`. */
export type SynthPlan = RfcPlan | UpstreamPlan;

/**
 * The plan that a seed and parameters stand for. The same ones give the same plan.
 *
 * @throws SynthError for parameters that contradict each other or the ABI
 *
 * @example
 * ```ts
 * import { planFromSeed } from 'kho-toolkit';
 *
 * const plan = planFromSeed({ abi: 'kho-v4', seed: 7n, sessions: 3, guestRam: 64n << 20n });
 * console.log(plan.abi, plan.release); //=> kho-v4 7.3.9
 * ```
 */
export function planFromSeed(options: SynthOptions): SynthPlan {
  checkOptions(options);
  if (isRfc(options.abi)) return rfcPlan(options);
  return upstreamPlan(options as SynthOptions & { readonly abi: UpstreamGeneration });
}

/**
 * Lays out a plan. What is kept in memory grows with the number of files, areas and sessions, and by some bytes for
 * each 128 MiB of guest memory; everything else is made when it is read.
 *
 * @throws RangeError for a plan whose parts do not fit each other
 *
 * @example
 * ```ts
 * import { planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, machine, pageSize } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * console.log(blob.length > 0, machine, pageSize); //=> true x86-64 4096
 * ```
 */
export function synthesise(plan: SynthPlan): Synthesis {
  return synthesis(plan.abi === RFC ? layRfc(plan) : layUpstream(plan));
}
