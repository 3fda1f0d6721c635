import { type MemoryRun, PHYSICAL_LIMIT, type PhysicalMemory } from './physical.js';
import { emptyMemory } from './segments.js';

/**
 * Several memories as one: every byte comes from the first that knows it, e.g. a blob placed over a core.
 * Meant for a handful; many pieces belong into one `segmentsMemory`.
 *
 * @param memories nearest first
 *
 * @example
 * ```ts
 * import { blobMemory, overlay, readBytes } from 'kho-toolkit';
 *
 * const memory = overlay(blobMemory(0x1001, Uint8Array.of(7)), blobMemory(0x1000, Uint8Array.of(1, 2, 3)));
 * console.log(readBytes(memory, 0x1000, 3)?.join(' ')); //=> 1 7 3
 * ```
 */
export function overlay(...memories: readonly PhysicalMemory[]): PhysicalMemory {
  const bottom = memories.at(-1) ?? emptyMemory();
  return memories.slice(0, -1).reduceRight((base, top) => overlayTwo(top, base), bottom);
}

function overlayTwo(top: PhysicalMemory, base: PhysicalMemory): PhysicalMemory {
  // A stretch in which `top` is known to be absent: most reads fall into the same one, and go straight
  // to `base`.
  let gapStart = 0;
  let gapEnd = 0;

  function findGap(address: number): void {
    gapStart = address;
    gapEnd = address;
    for (const run of top.runs(address, PHYSICAL_LIMIT)) {
      if (run.state === 'absent') gapEnd = run.end;
      return;
    }
  }

  function read(address: number, length: number, into: Uint8Array): number {
    let done = 0;
    while (done < length) {
      const at = address + done;
      if (!(at >= gapStart && at < gapEnd)) findGap(at);
      const inGap = at < gapEnd;
      const size = inGap ? Math.min(length - done, gapEnd - at) : length - done;
      const target = done === 0 ? into : into.subarray(done);
      const count = (inGap ? base : top).read(at, size, target);
      done += count;
      if (count === 0 || (inGap && count < size)) break;
    }
    return done;
  }

  function* cover(start: number, end: number): Generator<MemoryRun> {
    for (const run of top.runs(start, end)) {
      if (run.state === 'absent') yield* base.runs(run.start, run.end);
      else yield run;
    }
  }

  function* known(): Generator<MemoryRun> {
    for (const run of mergeNeighbours(cover(0, PHYSICAL_LIMIT))) if (run.state !== 'absent') yield run;
  }

  return {
    read,
    runs: (start, end) => mergeNeighbours(cover(start, end)),
    known,
    ...(base.budget === undefined ? {} : { budget: base.budget }),
    description: `${top.description} over ${base.description}`,
  };
}

/**
 * Joins neighbours of equal state. Offsets of different memories are not comparable: present runs are
 * joined only if neither has one.
 */
function* mergeNeighbours(runs: Iterable<MemoryRun>): Generator<MemoryRun> {
  let held: MemoryRun | undefined;
  for (const run of runs) {
    if (held === undefined) {
      held = run;
    } else if (
      held.end === run.start &&
      held.state === run.state &&
      held.fileOffset === undefined &&
      run.fileOffset === undefined
    ) {
      held = { ...held, end: run.end };
    } else {
      yield held;
      held = run;
    }
  }
  if (held !== undefined) yield held;
}
