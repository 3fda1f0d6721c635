/**
 * Whole pages. No dump of a kernel holds part of a page, and readers that go by pages refuse one that does: what is
 * left of a page beside records is zeros that are stored.
 */
import { overlay } from '../memory/overlay.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type MemorySegment, segmentsMemory } from '../memory/segments.js';

/**
 * A memory in which every page that `own` reaches into is stored as a whole; other pages stay as they are. Takes one
 * pass over the runs of `own`.
 *
 * @param own what has been made: its pages are completed
 * @param memory `own`, with whatever else there is beside it
 * @param pageSize bytes
 */
export function wholePages(own: PhysicalMemory, memory: PhysicalMemory, pageSize: number): PhysicalMemory {
  const zeros = new Uint8Array(pageSize);
  const segments: MemorySegment[] = [];
  let last = -1;
  const complete = (page: number): void => {
    if (page === last) return;
    last = page;
    for (const { start, end, state } of memory.runs(page, page + pageSize)) {
      if (state !== 'present') segments.push({ address: start, bytes: zeros.subarray(0, end - start) });
    }
  };
  for (const { start, end } of own.known()) {
    // What is between is pages of this run alone.
    if (start % pageSize !== 0) complete(start - (start % pageSize));
    if (end % pageSize !== 0) complete(end - (end % pageSize));
  }
  if (segments.length === 0) return memory;
  const padding = segmentsMemory(segments, 'the rest of pages');
  return { ...overlay(padding, memory), description: memory.description };
}
