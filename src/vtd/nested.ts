import type { MemoryRun, PhysicalMemory } from '../memory/physical.js';
import { ACCESS_READ } from './walk/batch.js';
import { mergeRuns } from './walk/runs.js';
import { type TranslateRequest, translate } from './walk/translate.js';
import { walkTable } from './walk/walk.js';

const PAGE = 4096;
/** Translations kept: a walk goes back and forth between few tables. */
const KEPT = 64;

/**
 * Guest-physical memory under a second stage: what the first-stage tables of a nested translation are in. An
 * address that the second stage does not map for reading, or whose entries are not in the dump, is absent.
 *
 * @param second the second stage, and the memory that it is in
 */
export function guestMemory(second: TranslateRequest): PhysicalMemory {
  const translated = new Map<number, number>();

  /** Physical byte address of a guest page, -1 when there is none. */
  function pageOf(page: number): number {
    const found = translated.get(page);
    if (found !== undefined) return found;
    const { result } = translate(second, BigInt(page) * 4096n);
    const readable = result.kind === 'mapped' && (result.effectiveAccess & ACCESS_READ) !== 0;
    const address = readable ? Number(result.address) : -1;
    if (translated.size >= KEPT) translated.clear();
    translated.set(page, address);
    return address;
  }

  function read(address: number, length: number, into: Uint8Array): number {
    let done = 0;
    while (done < length) {
      const at = address + done;
      const page = Math.floor(at / PAGE);
      const start = pageOf(page);
      if (start < 0) break;
      const size = Math.min(length - done, (page + 1) * PAGE - at);
      const count = second.memory.read(start + (at - page * PAGE), size, into.subarray(done));
      done += count;
      if (count < size) break;
    }
    return done;
  }

  function* runs(start: number, end: number): Generator<MemoryRun> {
    for (let at = start; at < end; ) {
      const page = Math.floor(at / PAGE);
      const to = Math.min(end, (page + 1) * PAGE);
      const physical = pageOf(page);
      if (physical < 0) yield { start: at, end: to, state: 'absent' };
      else {
        const shift = page * PAGE - physical;
        for (const run of second.memory.runs(at - shift, to - shift)) {
          yield { ...run, start: run.start + shift, end: run.end + shift };
        }
      }
      at = to;
    }
  }

  function* known(): Generator<MemoryRun> {
    const { memory, format } = second;
    for (const { iova, target, pages, access } of mergeRuns(walkTable(second).batches, format)) {
      if ((access & ACCESS_READ) === 0) continue;
      const shift = (iova - target) * PAGE;
      for (const run of memory.runs(target * PAGE, (target + pages) * PAGE)) {
        if (run.state !== 'absent') yield { ...run, start: run.start + shift, end: run.end + shift };
      }
    }
  }

  return {
    read,
    runs,
    known,
    description: `guest memory under the second stage at 0x${BigInt(second.root).toString(16)}`,
  };
}
