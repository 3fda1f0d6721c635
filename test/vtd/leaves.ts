import { fromHalves } from '../../src/vtd/walk/anomaly.js';
import {
  accessesOf,
  iovasOf,
  type LeafBatch,
  pagesOf,
  pagesPerEntry,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  targetsOf,
} from '../../src/vtd/walk/batch.js';

/** One leaf, in page frame numbers; a test's plain view of what the walker gives in columns. */
export interface Leaf {
  readonly iova: number;
  readonly target: number;
  readonly level: number;
  readonly access: number;
  readonly entry: bigint;
}

/** All leaves one by one. */
export function leavesOf(batches: Iterable<LeafBatch>): Leaf[] {
  const leaves: Leaf[] = [];
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      const level = batch.level[row] ?? 0;
      const step = pagesPerEntry(level);
      const at = row * ROW_WORDS;
      const first = fromHalves(batch.rows[at + ROW_LO] ?? 0, batch.rows[at + ROW_HI] ?? 0);
      const count = (pagesOf(batch)[row] ?? 0) / step;
      for (let leaf = 0; leaf < count; leaf++) {
        leaves.push({
          iova: (iovasOf(batch)[row] ?? 0) + leaf * step,
          target: (targetsOf(batch)[row] ?? 0) + leaf * step,
          level,
          access: accessesOf(batch)[row] ?? 0,
          entry: first + BigInt(leaf * step) * 4096n,
        });
      }
    }
  }
  return leaves;
}

/** `0x...` of the byte address of a page frame. */
export function addressOf(pfn: number): string {
  return `0x${(BigInt(pfn) << 12n).toString(16)}`;
}
