/**
 * Validation of a generated guest against the bare walk of its tables: ns a leaf, ratio, peak memory. The aim is
 * at most 1.5 times the walk for 128 GiB in 4 KiB pages.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../measure.js';
import { type TableFile, writeTableFile } from '../vtd/table-file.js';

const GIB = 2 ** 30;
/** Guest memory in 4 KiB pages; physically contiguous stretches of up to so many pages. */
const GUESTS = [
  { bytes: 16 * GIB, run: 64 },
  { bytes: 128 * GIB, run: 64 },
  { bytes: 128 * GIB, run: 1 },
] as const;
const LARGEST = (128 * GIB) / 4096;
/** Walk and validation take turns, so that what else the machine does meets both; the fastest round counts. */
const TURNS = 3;
/** Of the largest guest; smaller ones have as many more. */
const ROUNDS = 3;

interface Measured {
  readonly ms: number;
  readonly peakMiB: number;
  readonly rules?: readonly string[];
}

export function validateSection(print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'));
  const rows: string[][] = [['guest in 4 KiB pages', 'walk', 'validate', 'ratio', 'peak of validate']];
  let failing: readonly string[] = [];
  try {
    for (const { bytes, run } of GUESTS) {
      const leaves = bytes / 4096;
      const file = writeTableFile(join(folder, 'tables'), leaves, run);
      const walks: Measured[] = [];
      const checks: Measured[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        walks.push(child('walk', file));
        checks.push(child('validate', file));
      }
      const walk = fastest(walks);
      const check = fastest(checks);
      const perLeaf = ({ ms }: Measured): string => `${((ms * 1e6) / leaves).toFixed(1)} ns a leaf`;
      rows.push([
        `${bytes / GIB} GiB, runs of 1 to ${run} pages`,
        perLeaf(walk),
        perLeaf(check),
        (check.ms / walk.ms).toFixed(2),
        `${check.peakMiB.toFixed(0)} MiB`,
      ]);
      failing = check.rules ?? [];
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const line of table(rows)) print(line);
  print(`rules that fail on these guests by design: ${failing.join(', ')}`);
}

function fastest(measured: readonly Measured[]): Measured {
  return measured.reduce((best, one) => (one.ms < best.ms ? one : best));
}

function child(what: 'walk' | 'validate', file: TableFile): Measured {
  const script = fileURLToPath(new URL('./child.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, what, JSON.stringify(file), String(Math.round((ROUNDS * LARGEST) / file.leaves))],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
