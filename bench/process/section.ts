/** Whole processes: what starting costs, and what large dumps do, against peers in the same run. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exponent } from '../measure.js';
import { benchmarksPage, type Row, slowerThan } from './report.js';
import { type Cost, KHO, least, run } from './run.js';
import { compiledWalker, walkSeconds } from './walker.js';
import { DUMPS, type Dump, STARTS } from './works.js';

/** Of what takes long one run more than one tells enough; what starting takes is near the clock's own steps. */
const TURNS = 2;
const START_TURNS = 8;
const PAGE = fileURLToPath(new URL('../../../BENCHMARKS.md', import.meta.url));
const SMALL = fileURLToPath(new URL('../../../fixtures/rfc-2024/three-level/kho.dtb', import.meta.url));

/** @param check hold the ratios against BENCHMARKS.md instead of writing it */
export function processSection(print: (line: string) => void, check: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'));
  const rows: Row[] = [];
  try {
    rows.push(...startRows());
    const start = rows[0]?.seconds ?? 0;
    for (const dump of DUMPS) rows.push(...dumpRows(dump, folder, start));
  } finally {
    rmSync(folder, { recursive: true });
  }
  const page = benchmarksPage(rows);
  for (const line of page.split('\n').filter((each) => each.startsWith('|'))) print(line);
  if (!check) {
    writeFileSync(PAGE, page);
    return;
  }
  for (const line of slowerThan(readFileSync(PAGE, 'utf8'), rows)) {
    print(`slower: ${line}`);
    process.exitCode = 1;
  }
}

function kho(args: readonly string[], peak: boolean, status = 0): Cost {
  return run(process.execPath, [KHO, ...args], peak, status);
}

function startRows(): Row[] {
  const peer = least(START_TURNS, () => run(process.execPath, ['-e', '0']));
  return STARTS.map(({ args, status }) => {
    const words = args.map((word) => (word === 'SMALL' ? SMALL : word));
    const { seconds } = least(START_TURNS, () => kho(words, false, status));
    const size = args.includes('SMALL') ? `${statSync(SMALL).size} bytes` : '';
    const work = `kho ${args.join(' ').replace('SMALL', 'FILE')}`;
    return { work, size, seconds, ratio: seconds / peer.seconds, peer: 'node -e 0' };
  });
}

/** @param start what starting alone takes, which does not grow */
function dumpRows({ name, synth, sizes, works, walked }: Dump, folder: string, start: number): Row[] {
  const before = new Map<string, { readonly bytes: number; readonly seconds: number }>();
  const file = join(folder, 'dump.elf');
  const output = join(folder, 'output');
  const walker = walked === undefined ? undefined : compiledWalker(folder);
  const rows: Row[] = [];
  for (const size of sizes) {
    kho(['synth', ...synth, `${size}G`, '-o', file, '--quiet'], false);
    const bytes = statSync(file).size;
    const peer = least(TURNS, () => run('sha256sum', [file]));
    for (const { args, status } of works) {
      const words = args.map((word) => (word === 'FILE' ? file : word === 'OUT' ? output : word));
      const { seconds, peakMiB } = least(TURNS, () => kho(words, true, status));
      const work = `kho ${args.join(' ')}`;
      const small = before.get(work);
      rows.push({
        ...{ work, size: `${name}, ${size} GiB`, seconds, ratio: seconds / peer.seconds, peer: 'sha256sum' },
        ...(peakMiB === undefined ? {} : { peakMiB }),
        ...(small === undefined
          ? {}
          : { growth: exponent([small.bytes, bytes], [small.seconds - start, seconds - start]) }),
      });
      before.set(work, { bytes, seconds });
      if (walker === undefined || args.join(' ') !== walked) continue;
      const ratio = seconds / walkSeconds(walker, file);
      rows.push({ work, size: `${name}, ${size} GiB`, seconds, ratio, peer: 'C walker' });
    }
  }
  return rows;
}
