/** What the decoders of riders share. */
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Reporter } from './report.js';

/** One decoding: the memory, and which pages were taken by which list so that none is read twice. */
export interface Context {
  readonly memory: PhysicalMemory;
  /** Bytes. */
  readonly pageSize: number;
  readonly reporter: Reporter;
  /**
   * Frames of list pages (vmalloc chunks, kho_block pages, file arrays) that some list has claimed. A list
   * that comes to a claimed page ends there, which bounds the work by the pages of the dump.
   */
  readonly claimed: Set<number>;
}

/** Takes a page for a list; false when another list, or this one before, has it. */
export function claim({ claimed, pageSize }: Context, address: number): boolean {
  const frame = Math.floor(address / pageSize);
  if (claimed.has(frame)) return false;
  claimed.add(frame);
  return true;
}
