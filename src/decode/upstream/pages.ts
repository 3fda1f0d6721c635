/** Reading the pages of a handover's own structures. */

import type { PreservedPages } from '../../abi/upstream/model.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';

/** The order of the block that starts at a page frame, the smallest where there are several; -1 when none does. */
export function orderAt(pages: PreservedPages, pfn: number): number {
  return pages.smallestAt(pfn);
}

/** A page as far as the dump holds it. */
export interface PageBytes {
  /** Absent bytes are 0 here. */
  readonly bytes: Uint8Array;
  /** First absent byte, as a physical address; undefined when all are known. */
  readonly absentAt?: number;
}

/**
 * Reads a page, or what a dump has of it: arm64 cores may hold parts of a 16K page.
 *
 * @param length bytes, at most a few pages
 * @returns undefined when nothing of it is known
 */
export function readKnown(
  memory: PhysicalMemory,
  address: bigint | number,
  length: number,
): PageBytes | undefined {
  const start = physicalAddress(address);
  if (start === undefined || start + length > PHYSICAL_LIMIT) return undefined;
  const bytes = new Uint8Array(length);
  if (memory.read(start, length, bytes) === length) return { bytes };
  bytes.fill(0);
  let absentAt: number | undefined;
  let known = 0;
  for (const run of memory.runs(start, start + length)) {
    const size = run.end - run.start;
    if (run.state === 'absent') {
      absentAt ??= run.start;
    } else {
      memory.read(run.start, size, bytes.subarray(run.start - start));
      known += size;
    }
  }
  if (known === 0) return undefined;
  return absentAt === undefined ? { bytes } : { bytes, absentAt };
}

/** A u64 at a physical address, undefined when it is absent. */
export function readU64(memory: PhysicalMemory, address: number): bigint | undefined {
  const bytes = new Uint8Array(8);
  if (memory.read(address, 8, bytes) !== 8) return undefined;
  return new DataView(bytes.buffer).getBigUint64(0, true);
}
