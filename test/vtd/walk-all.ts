import { type WalkReport, walkTable } from '../../src/vtd/walk/walk.js';

/** Walks a table to its end. */
export function walkAll(request: Parameters<typeof walkTable>[0]): WalkReport {
  const walk = walkTable(request);
  for (const _batch of walk.batches);
  return walk.report();
}
