import { csvBytes } from '../../src/vtd/text/csv.js';
import type { LeafBatch } from '../../src/vtd/walk/batch.js';

const decoder = new TextDecoder();

/** The chunks as text. */
export function* csvOf(batches: Iterable<LeafBatch>): Generator<string> {
  for (const chunk of csvBytes(batches)) yield decoder.decode(chunk);
}
