/** Synthesised handovers of the IOMMU series, in the forms and generations that none was captured of. */
import { planFromSeed, synthesise } from '../../../src/synth/synth.js';
import { decodeSynthesis } from '../../synth/accounts.js';
import type { Base } from '../upstream-damage.js';

const COMMON = {
  seed: 11n,
  guestRam: 1n << 21n,
  sessions: 2,
  files: 3,
  domains: 3,
  devices: 2,
  deleted: 0,
  reserveMem: 0,
  testFolios: 0,
  levels: 4,
} as const;

const PLANS = {
  'synthesised kho-v1': { ...COMMON, abi: 'kho-v1' },
  'synthesised kho-v2': { ...COMMON, abi: 'kho-v2' },
  'synthesised kho-v3': { ...COMMON, abi: 'kho-v3' },
  'synthesised kho-v3, first stage': { ...COMMON, abi: 'kho-v3', stage: 'first' },
  'synthesised second stage': { ...COMMON, abi: 'kho-v4', stage: 'second' },
  'synthesised units': { ...COMMON, abi: 'kho-v4', units: 3, domains: 6, stage: 'second', deleted: 6 },
} as const;

/** Any structure that is bound, by the name that it hangs under. */
export type SynthesisedName = keyof typeof PLANS | `synthesised with ${string}`;

export const SYNTHESISED = Object.keys(PLANS) as readonly (keyof typeof PLANS)[];

/** Those of generations without a capture, for faults that are repeated there. */
export const OTHER_GENERATIONS = SYNTHESISED.filter((name) => PLANS[name].abi !== 'kho-v4');

export function isSynthesised(name: string): name is SynthesisedName {
  return name in PLANS || name.startsWith('synthesised with ');
}

export function synthesisedBase(name: SynthesisedName): Base {
  const [, other] = /^synthesised with (.*)$/.exec(name) ?? [];
  const plan =
    other === undefined
      ? PLANS[name as keyof typeof PLANS]
      : { seed: 11n, guestRam: 1n << 21n, abi: 'kho-v4' as const, with: [other] };
  const made = synthesise(planFromSeed(plan));
  return { name, memory: made.memory, address: made.fdtAddress, handover: decodeSynthesis(made) };
}
