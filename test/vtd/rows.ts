import { createLeafBatch, type LeafBatch } from '../../src/vtd/walk/batch.js';

/** One row of a leaf batch. */
export interface Row {
  readonly iova: number;
  readonly target: number;
  readonly count: number;
  readonly level: number;
  readonly access: number;
  readonly lo?: number;
  readonly hi?: number;
}

/** A batch of the given rows. */
export function batchOf(rows: readonly Row[]): LeafBatch {
  const batch = createLeafBatch(Math.max(1, rows.length));
  for (const { iova, target, count, level, access, lo = 0, hi = 0 } of rows) {
    const row = batch.length++;
    batch.iova[row] = iova;
    batch.target[row] = target;
    batch.count[row] = count;
    batch.level[row] = level;
    batch.access[row] = access;
    batch.lo[row] = lo;
    batch.hi[row] = hi;
  }
  return batch;
}
