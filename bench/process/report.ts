/** BENCHMARKS.md: what is written, and what of it a later run is held against. */
import { cpus } from 'node:os';
import { table } from '../measure.js';

/** A measured work. */
export interface Row {
  readonly work: string;
  readonly size: string;
  readonly seconds: number;
  /** Times what the peer takes. */
  readonly ratio: number;
  readonly peer: string;
  readonly peakMiB?: number;
  /** Exponent of growth from the smaller size; 1 is linear. */
  readonly growth?: number;
}

/** Slower than this many times what was committed is a failure: a third of the speed is gone. */
const SLOWER = 1.5;

/** The page. */
export function benchmarksPage(rows: readonly Row[]): string {
  const cells = rows.map(({ work, size, seconds, ratio, peer, peakMiB, growth }) => [
    `\`${work}\``,
    size,
    `${seconds.toFixed(2)} s`,
    ratio.toFixed(2),
    `\`${peer}\``,
    peakMiB === undefined ? '' : `${peakMiB.toFixed(0)} MiB`,
    growth === undefined || !Number.isFinite(growth) ? '' : growth.toFixed(2),
  ]);
  return [
    '# Benchmarks',
    '',
    'Whole processes, as users start them, against peers in the same run: `node -e 0` for what starting costs, `sha256sum`',
    'of the same file for what grows with it, and a walk of the same tables in C. Times are processor time, the least of',
    'several runs. Growth is the exponent',
    'from the smaller size to this one of what is taken beyond `kho --version` (1 is linear). Written by `npm run bench`; `npm run bench -- --check process` fails',
    `where a ratio has become more than ${SLOWER} times what stands here.`,
    '',
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}`,
    '',
    ...table([['work', 'size', 'time', 'ratio', 'peer', 'peak', 'growth'], ...cells]),
    '',
  ].join('\n');
}

/** The ratios of a page by work, size and peer. */
function ratiosOf(page: string): Map<string, number> {
  const ratios = new Map<string, number>();
  for (const line of page.split('\n')) {
    const [, work, size, , ratio, peer] = line.split('|').map((cell) => cell.trim());
    if (work?.startsWith('`') === true) ratios.set(`${work} ${size} ${peer}`, Number(ratio));
  }
  return ratios;
}

/** A line for each work that has become slower than the page allows. */
export function slowerThan(page: string, rows: readonly Row[]): string[] {
  const ratios = ratiosOf(page);
  return rows.flatMap(({ work, size, ratio, peer }) => {
    const before = ratios.get(`\`${work}\` ${size} \`${peer}\``);
    return before === undefined || ratio <= before * SLOWER
      ? []
      : [`${work} (${size}): ${ratio.toFixed(2)} times ${peer}, ${before.toFixed(2)} before`];
  });
}
