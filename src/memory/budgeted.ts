/** Memory that counts what is read of it. */
import { type Budget, createBudget, STEP } from './budget.js';
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

/** The same memory where what it may cost is limited already; else with the budget of an input of its stored bytes. */
export function limitedMemory(memory: PhysicalMemory): PhysicalMemory {
  if (memory.budget !== undefined) return memory;
  let stored = 0;
  for (const { start, end, state } of memory.distinct?.() ?? memory.known())
    if (state === 'present') stored += end - start;
  return budgetedMemory(memory, createBudget(stored));
}
