/** Devicetree blobs: checking, parsing, encoding and printing against libfdt, fdtdump and dtc. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFdt } from '../../src/fdt/check.js';
import { dtsLines } from '../../src/fdt/dts.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { type FdtTree, parseFdt } from '../../src/fdt/parse.js';
import { nodeNameBytes, propertyName, propertyValue } from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';
import { exponent, fastest, rate, table } from '../measure.js';
import { SHAPES } from './blobs.js';
import { buildPeer, LIMIT, type Timing, timeLibfdt, timeProgram } from './peers.js';

const SIZES = [1_000_000, 50_000_000] as const;

/** One job: ours, and the peers that do the same, by name. */
interface Job {
  readonly name: string;
  readonly run: (bytes: Uint8Array) => void;
  readonly peers: ReadonlyMap<string, (file: string) => Timing>;
}

/** Measures all jobs on wide and deep blobs of 1 MB and 50 MB and prints rates, ratios and growth. */
export function fdtSection(print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'));
  try {
    const jobs = listJobs(buildPeer(folder));
    print(`Rates are bytes of blob a second. "x N": ours is N times as fast. A peer gets ${LIMIT} s a blob.`);
    print(
      'fdtdump and dtc are timed as whole programs (start-up is about a millisecond), libfdt inside its program.',
    );
    for (const [shape, make] of SHAPES) measureShape(shape, make, jobs, folder, print);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function listJobs(peer: string | undefined): Job[] {
  const libfdt = (job: string) => (file: string) => timeLibfdt(peer, job, file);
  return [
    {
      name: 'check',
      run: (bytes) => void checkFdt(bytes),
      peers: new Map([['fdt_check_full', libfdt('check')]]),
    },
    {
      name: 'parse, all checks',
      run: (bytes) => void parseFdt(bytes),
      peers: new Map([
        ['libfdt walk', libfdt('walk')],
        ['fdtdump', (file) => timeProgram('fdtdump', [file])],
      ]),
    },
    {
      name: 'parse, image, encode',
      run: (bytes) => void fromImage(toImage(parseFdt(bytes))),
      peers: new Map([
        ['dtc dtb -> dtb', (file) => timeProgram('dtc', ['-q', '-q', '-I', 'dtb', '-O', 'dtb', file])],
      ]),
    },
    {
      name: 'parse, write afresh',
      run: (bytes) => void writeAgain(parseFdt(bytes)),
      peers: new Map([['libfdt sequential writer', libfdt('write')]]),
    },
    {
      name: 'parse, source text',
      run: (bytes) => {
        for (const _ of dtsLines(parseFdt(bytes)));
      },
      peers: new Map([
        ['dtc dtb -> dts', (file) => timeProgram('dtc', ['-q', '-q', '-I', 'dtb', '-O', 'dts', file])],
      ]),
    },
  ];
}

function writeAgain(tree: FdtTree): Uint8Array {
  const writer = createFdtWriter();
  for (let i = 0; i < tree.count; i++) {
    const kind = tree.kind[i];
    if (kind === FdtToken.beginNode) writer.beginNode(nodeNameBytes(tree, i) ?? '');
    else if (kind === FdtToken.prop) {
      writer.property(propertyName(tree, i) ?? '', propertyValue(tree, i) ?? new Uint8Array(0));
    } else if (kind === FdtToken.endNode) writer.endNode();
  }
  return writer.finish();
}

function measureShape(
  shape: string,
  make: (bytes: number) => Uint8Array,
  jobs: readonly Job[],
  folder: string,
  print: (line: string) => void,
): void {
  const blobs = SIZES.map((size) => make(size));
  const files = blobs.map((blob, i) => {
    const file = join(folder, `${shape}${i}.dtb`);
    writeFileSync(file, blob);
    return file;
  });
  const lengths = [blobs[0]?.length ?? 1, blobs[1]?.length ?? 1] as const;
  const rows = [[shape, '1 MB', '50 MB', 'growth']];
  for (const job of jobs) {
    const ours = blobs.map((blob) => fastest(() => job.run(blob)));
    rows.push([job.name, ...cells(ours, lengths)]);
    for (const [name, time] of job.peers) {
      const theirs = files.map(time);
      const withRatio = cells(theirs, lengths).map((cell, i) => {
        const [a, b] = [theirs[i], ours[i]];
        return typeof a === 'number' && b !== undefined ? `${cell}  x ${(a / b).toFixed(2)}` : cell;
      });
      rows.push([`  ${name}`, ...withRatio]);
    }
  }
  print('');
  for (const line of table(rows)) print(line);
}

/** Rates for both sizes and the exponent of growth between them. */
function cells(timings: readonly Timing[], lengths: readonly [number, number]): string[] {
  const [small, large] = timings;
  const rates = [small, large].map((timing, i) =>
    typeof timing === 'number' ? rate(lengths[i] ?? 0, timing) : (timing ?? ''),
  );
  const grown =
    typeof small === 'number' && typeof large === 'number'
      ? `n^${exponent(lengths, [small, large]).toFixed(2)}`
      : '';
  return [...rates, grown];
}
