/** The bytes of a memory that are decoded records, and may be shown. */
import type { Handover } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { BlobInstance } from '../references/instance.js';
import type { ReferenceSink } from '../references/sink.js';
import { type ByteRanges, union, wholePages, without } from './byte-ranges.js';
import { guestAmong } from './guest.js';
import { createParts } from './parts.js';
import { keepRecords } from './records.js';
import { collectUnits, type TrimUnit } from './units.js';

/** Hears the references of a handover, and tells then which bytes are believed. */
export interface Believing {
  readonly sink: ReferenceSink;
  /** To be called once, after all references. */
  finish(): ByteRanges;
}

/**
 * What looks like the records that should be there, and is not in memory that is somebody's contents: what a trim keeps.
 *
 * @param root the tree, where it is in the memory
 */
export function believing(
  handover: Handover,
  root: BlobInstance | undefined,
  memory: PhysicalMemory,
  units: readonly TrimUnit[] = [],
): Believing {
  const parts = createParts();
  return {
    sink: keepRecords(parts, memory),
    finish() {
      collectUnits(units, memory, parts);
      const claimed = without(union(parts.records.finish(), parts.boot.finish()), parts.foreign.finish());
      const pages = wholePages(claimed, handover.pageSize);
      const allowed = without(claimed, guestAmong(pages, handover, root, memory));
      return without(allowed, parts.secret.finish());
    },
  };
}
