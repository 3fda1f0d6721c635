import { appendRow, createLeafBatch, type LeafBatch, pagesPerEntry } from '../../src/vtd/walk/batch.js';
import type { EntryFormat } from '../../src/vtd/walk/format.js';

/** One row of a leaf batch. */
export interface Row {
  readonly iova: number;
  readonly target: number;
  readonly count: number;
  readonly level: number;
  readonly access: number;
  /** Bits of the entry besides target and access; of the low half 11:0 only. */
  readonly lo?: number;
  readonly hi?: number;
}

/** A batch of the given rows; second-stage entries, whose bits 1:0 are the access. */
export function batchOf(rows: readonly Row[], format: EntryFormat): LeafBatch {
  const batch = createLeafBatch(Math.max(1, rows.length), format);
  for (const { iova, target, count, level, access, lo = 0, hi = 0 } of rows) {
    appendRow(batch, {
      iova,
      pages: count * pagesPerEntry(level),
      level,
      lo: ((target % 0x100000) * 4096) | (lo & 0xfff) | access,
      hi: Math.floor(target / 0x100000) | hi,
    });
  }
  return batch;
}
