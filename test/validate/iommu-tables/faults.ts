/** The faults of tables that are handed over, for the proof of rules. */
import type { Generation, Handover } from '../../../src/abi/model.js';
import { TABLE_CASES, type TableCase } from '../../../src/structures/iommu/cases-tables.js';
import { decodeAt } from '../../decode/linux-dumps.js';
import { OTHER_GENERATIONS } from '../draft-cases/synthesised.js';
import type { Fault } from '../proof/fault.js';
import { patched } from '../upstream-damage.js';
import { type Capture, capture } from './base.js';

/** A capture with the fault laid over its memory. */
export function brokenCapture({ base, patches }: TableCase, on: Capture = base): Handover {
  const { memory, handover, address } = capture(on);
  return decodeAt(patched(memory, patches(handover, memory)), address);
}

const own = TABLE_CASES.map((each): Fault => {
  const { rule, severity, base, what, options } = each;
  return {
    rule,
    severity,
    what,
    base,
    generation: capture(base).handover.generation as Generation,
    broken: () => ({ handover: brokenCapture(each), ...(options === undefined ? {} : { options }) }),
  };
});

/** The same on synthesised dumps of the generations that none was captured under, where these have what is changed. */
const repeated = TABLE_CASES.filter(({ rule }) => rule.startsWith('IOMMU-')).flatMap((each) =>
  OTHER_GENERATIONS.map((base): Fault => {
    const { rule, severity, what, options } = each;
    return {
      rule,
      severity,
      what,
      base,
      generation: capture(base).handover.generation as Generation,
      alone: true,
      broken() {
        try {
          return { handover: brokenCapture(each, base), ...(options === undefined ? {} : { options }) };
        } catch {
          return undefined;
        }
      },
    };
  }),
);

export const iommuTableFaults: readonly Fault[] = [...own, ...repeated];
