/**
 * `kho-toolkit/arbitraries`: fast-check arbitraries of every record that the schemas describe, over the full range
 * of each field, and of whole handovers, consistent by construction. They shrink to small readable cases.
 *
 * fast-check is an optional peer: what is made here belongs to the instance that the caller runs properties with.
 */

export { type SynthPlan, synthesise } from '../synth/synth.js';
export type { Synthesis } from '../synth/synthesis.js';
export * from './generated/index.js';
export { handoverArbitrary, type PlannedDump, planArbitrary } from './handovers.js';
export { rfcPlanArbitrary } from './rfc-plans.js';
export {
  DEVELOPMENT_FORMS,
  RELEASE_FORMS,
  type UpstreamForms,
  upstreamPlanArbitrary,
} from './upstream-plans.js';
