/** Each case of the upstream rules, on every captured or made dump that it can be laid over. */
import type { Generation } from '../../../src/abi/model.js';
import { CASES, type Case } from '../upstream-cases/index.js';
import { type Base, damagedOn, ORIGINAL } from '../upstream-damage.js';
import { secondGeneration, seventh } from '../variants.js';
import type { Fault } from './fault.js';

const BASES: readonly Base[] = [
  ...ORIGINAL,
  { name: 'linux-7.1-live-update as kho-v2', ...secondGeneration() },
  { name: 'linux-7.1-live-update as 7.0', ...seventh() },
];

export const upstreamFaults: readonly Fault[] = [...own(), ...transferred(), ...takeovers()];

/** Every dump is taken over by another release than its own. */
function* takeovers(): Generator<Fault> {
  for (const { name, handover } of BASES) {
    const { generation } = handover;
    if (generation === undefined) continue;
    yield {
      rule: 'KHO-160',
      severity: 'error',
      what: 'taken over by Linux 6.16',
      base: name,
      generation,
      broken: () => ({ handover, options: { to: '6.16' } }),
    };
  }
}

function* own(): Generator<Fault> {
  for (const each of CASES) {
    const base = ORIGINAL.find(({ name }) => name === each.dump);
    if (base !== undefined) yield fault(each, base);
  }
}

/** On other dumps: what the case needs may not be there, and addresses of its own may mean nothing. */
function* transferred(): Generator<Fault> {
  for (const each of CASES)
    for (const base of BASES) if (base.name !== each.dump) yield fault(each, base, true);
}

function fault(each: Case, base: Base, lenient = false): Fault {
  return {
    rule: each.rule,
    severity: each.severity,
    what: each.what,
    base: base.name,
    ...(lenient ? { repeated: true as const } : {}),
    generation: base.handover.generation as Generation,
    broken: () => {
      try {
        return { handover: damagedOn(base, each) };
      } catch (error) {
        if (lenient) return undefined;
        throw error;
      }
    },
  };
}
