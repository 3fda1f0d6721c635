/** The faults of tables that are handed over, for the proof of rules. */
import type { Generation, Handover } from '../../../src/abi/model.js';
import { decodeAt } from '../../decode/linux-dumps.js';
import type { Fault } from '../proof/fault.js';
import { patched } from '../upstream-damage.js';
import { capture } from './base.js';
import { TABLE_CASES, type TableCase } from './cases.js';

/** A capture with the fault laid over its memory. */
export function brokenCapture({ base, patches }: TableCase): Handover {
  const { memory, handover, address } = capture(base);
  return decodeAt(patched(memory, patches(handover, memory)), address);
}

export const iommuTableFaults: readonly Fault[] = TABLE_CASES.map((each): Fault => {
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
