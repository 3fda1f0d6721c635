/** Memory of which a search sees a small part. */
import type { MemoryRun, PhysicalMemory } from './physical.js';

/**
 * The same memory for whoever knows an address; who searches it finds only these ranges.
 *
 * @param ranges half-open, in any order; what is not memory is left out
 */
export function searchView(
  memory: PhysicalMemory,
  ranges: readonly { readonly start: number; readonly end: number }[],
): PhysicalMemory {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);

  function* known(): Generator<MemoryRun> {
    let from = 0;
    for (const { start, end } of sorted) {
      for (const run of memory.runs(Math.max(start, from), Math.max(end, from))) {
        if (run.state !== 'absent') yield run;
      }
      from = Math.max(from, end);
    }
  }

  return { ...memory, known, distinct: known };
}
