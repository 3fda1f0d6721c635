import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TABLE_BASE, type TableFile, writeTableFile } from './table-file.js';

/** One measurement, of either walker. */
interface Measured {
  readonly ms: number;
  readonly leaves: number;
  readonly runs: number;
  readonly anomalies: number;
  readonly peakMiB?: number;
}

const MIB = 1024 * 1024;
/** Rounds of the largest table; smaller ones have as many more, so that code is as warm and luck as even. */
const ROUNDS = 5;
const LARGEST = 64 * MIB;

const CASES = [
  { name: '256 GiB in 4 KiB pages, stretches of 1..64 pages', leaves: 64 * MIB, longestRun: 64 },
  { name: 'the same at 1/16 of the size', leaves: 4 * MIB, longestRun: 64 },
  { name: '256 GiB, every page alone', leaves: 64 * MIB, longestRun: 1 },
  { name: 'a 16 GiB guest, every page alone', leaves: 4 * MIB, longestRun: 1 },
  { name: 'a 16 GiB guest, stretches of 1..4096 pages', leaves: 4 * MIB, longestRun: 4096 },
] as const;

/** The C source: beside this file, or in the tree when this runs from its build folder. */
function cSource(): string | undefined {
  const places = ['walker.c', '../../../bench/vtd/walker.c'];
  return places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path));
}

/** Compiles the C walker; undefined when there is no compiler. */
function compile(folder: string): string | undefined {
  const source = cSource();
  if (source === undefined) return undefined;
  const program = join(folder, 'walker');
  try {
    execFileSync('gcc', ['-O2', '-o', program, source], { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

function roundsOf({ leaves }: TableFile): string {
  return `${Math.round((ROUNDS * LARGEST) / leaves)}`;
}

function measureOurs(file: TableFile): Measured {
  const child = fileURLToPath(new URL('walk-child.js', import.meta.url));
  const args = [child, file.path, `${file.bytes}`, `${file.root}`, roundsOf(file)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

function measureC(program: string, file: TableFile): Measured {
  const args = [file.path, `${file.root}`, `${TABLE_BASE}`, roundsOf(file)];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));
}

/**
 * Measures the second-stage walk with all checks and run merging on, from a file through 64 KiB windows,
 * against the same walk in C over the mapped file. Aims: at most 6 ns a leaf, twice the time of C, 200 MiB.
 *
 * @param print takes one line of text
 */
export function run(print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'));
  try {
    const program = compile(folder);
    if (program === undefined) print('vtd walk: no gcc, so no comparison with C');
    for (const { name, leaves, longestRun } of CASES) {
      const file = writeTableFile(join(folder, 'tables'), leaves, longestRun);
      const ours = measureOurs(file);
      const perLeaf = (measured: Measured) => (measured.ms * 1e6) / measured.leaves;
      let line = `vtd walk, ${name}: ${perLeaf(ours).toFixed(2)} ns/leaf, ${ours.runs} runs, peak ${ours.peakMiB?.toFixed(0)} MiB`;
      if (program !== undefined) {
        const c = measureC(program, file);
        if (c.leaves !== ours.leaves || c.runs !== ours.runs)
          throw new Error(`C disagrees: ${JSON.stringify(c)}`);
        line += `; C ${perLeaf(c).toFixed(2)} ns/leaf, ratio ${(ours.ms / c.ms).toFixed(2)}`;
      }
      if (ours.leaves !== leaves || ours.anomalies !== 0) throw new Error(`walked ${JSON.stringify(ours)}`);
      print(line);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
