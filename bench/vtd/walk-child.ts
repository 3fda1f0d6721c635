import { closeSync, openSync } from 'node:fs';
import { backedMemory } from '../../src/memory/backed.js';
import { windowedFile } from '../../src/memory/node/windowed-file.js';
import { addPiece, buildRunTable, createPieces } from '../../src/memory/run-table.js';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { mergeBatches } from '../../src/vtd/walk/runs.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { TABLE_BASE } from './table-file.js';

/**
 * Walks a table file in a process of its own, so that its peak memory can be told: arguments path, size,
 * root address, rounds. Prints one JSON object, with the fastest round.
 */
const [path = '', size = '0', root = '0', rounds = '1'] = process.argv.slice(2);
const fd = openSync(path, 'r');
const pieces = createPieces(1);
addPiece(pieces, TABLE_BASE, TABLE_BASE + Number(size), 0);
const memory = backedMemory(windowedFile(fd, Number(size), path), buildRunTable(pieces).table, 'table file');
const format = secondStageFormat({ ...DEFAULT_SETTINGS, haw: 46 });
let best = Number.POSITIVE_INFINITY;
let leaves = 0;
let runs = 0;
let anomalies = 0;
for (let round = 0; round < Number(rounds); round++) {
  const start = performance.now();
  const walk = walkTable({ memory, root: Number(root), levels: 4, format });
  runs = 0;
  for (const batch of mergeBatches(walk.batches, format)) runs += batch.length;
  best = Math.min(best, performance.now() - start);
  const report = walk.report();
  leaves = report.leaves;
  anomalies = report.anomalies.length;
}
closeSync(fd);
const peakMiB = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ ms: best, leaves, runs, anomalies, peakMiB })}\n`);
