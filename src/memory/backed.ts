import type { MemoryRun, PhysicalMemory } from './physical.js';
import type { RandomAccess } from './random-access.js';
import { repeatedRuns } from './repeated-runs.js';
import { findRun, knownRuns, type RunTable, runsBetween, ZERO_RUN } from './run-table.js';

/**
 * Physical memory whose runs are in something that can be read at any offset.
 *
 * @param backing what `table.offsets` point into
 * @param inFile whether these are offsets in the input file, told as `fileOffset` of the runs
 */
export function backedMemory(
  backing: RandomAccess,
  table: RunTable,
  description: string,
  inFile = true,
): PhysicalMemory {
  const { starts, ends, offsets, count } = table;
  // Reads come in clusters: the run of the last one is tried before the binary search.
  let last = 0;

  function read(address: number, length: number, into: Uint8Array): number {
    if (!(address >= 0)) return 0;
    if (!((starts[last] ?? 0) <= address && address < (ends[last] ?? 0))) last = findRun(table, address);
    let done = 0;
    for (let index = last; done < length && index < count; index++) {
      const start = starts[index] ?? 0;
      const at = address + done;
      if (start > at) break;
      const size = Math.min(length - done, (ends[index] ?? 0) - at);
      const offset = offsets[index] ?? ZERO_RUN;
      if (offset === ZERO_RUN) {
        into.fill(0, done, done + size);
      } else {
        const target = done === 0 ? into : into.subarray(done);
        const copied = backing.readAt(offset + (at - start), size, target);
        if (copied < size) return done + copied;
      }
      done += size;
    }
    return done;
  }

  return {
    read,
    runs: (start, end) => runsBetween(table, start, end, inFile),
    known: () => knownRuns(table, inFile),
    distinct: () => distinctRuns(table, inFile),
    description,
  };
}

function* distinctRuns(table: RunTable, inFile: boolean): Generator<MemoryRun> {
  const repeated = repeatedRuns(table);
  let index = 0;
  for (const run of knownRuns(table, inFile)) {
    if (run.state === 'present' && repeated?.[index] !== 1) yield run;
    index++;
  }
}
