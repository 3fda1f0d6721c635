/** Memory that counts what is read of it. */
import { type Budget, STEP } from './budget.js';
import type { MemoryRun, PhysicalMemory } from './physical.js';

/**
 * The same memory, with every read counted. Beyond the budget nothing is known any more, as if it were absent.
 *
 * @param budget also available through the memory
 * @param weight what a byte counts, e.g. more where it has to be unpacked
 */
export function budgetedMemory(memory: PhysicalMemory, budget: Budget, weight = 1): PhysicalMemory {
  function* runs(start: number, end: number): Generator<MemoryRun> {
    let at = start;
    for (const run of memory.runs(start, end)) {
      if (!budget.take('work', STEP)) {
        yield { start: at, end, state: 'absent' };
        return;
      }
      yield run;
      at = run.end;
    }
  }

  return {
    ...memory,
    read: (address, length, into) =>
      budget.take('work', weight * length + STEP) ? memory.read(address, length, into) : 0,
    runs,
    budget,
  };
}
