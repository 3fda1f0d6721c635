import { type LeafBatch, pagesPerEntry } from '../../src/vtd/walk/batch.js';

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
      const first = (BigInt(batch.hi[row] ?? 0) << 32n) | BigInt(batch.lo[row] ?? 0);
      for (let leaf = 0; leaf < (batch.count[row] ?? 0); leaf++) {
        leaves.push({
          iova: (batch.iova[row] ?? 0) + leaf * step,
          target: (batch.target[row] ?? 0) + leaf * step,
          level,
          access: batch.access[row] ?? 0,
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
