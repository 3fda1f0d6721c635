import { escapeJson } from '../../schema/escape.js';
import { pagesPerEntry } from '../walk/batch.js';
import type { MappedRun } from '../walk/runs.js';
import { accessText } from './csv.js';

const CHUNK = 65536;
const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/**
 * A size for people, exact: in the largest unit of which it is a whole multiple.
 *
 * @param pages 4 KiB pages
 * @returns e.g. `4 KiB`, `2 MiB`, `1028 KiB`
 */
export function sizeText(pages: number): string {
  let value = pages * 4;
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value} ${UNITS[unit]}`;
}

function addressText(pfn: number): string {
  return pfn === 0 ? '0x0' : `0x${pfn.toString(16)}000`;
}

function leavesText(run: MappedRun): string {
  const size = run.level === 0 ? 'mixed' : sizeText(pagesPerEntry(run.level));
  return `${run.leaves} x ${size}`;
}

/** Joins pieces into chunks of about 64 Ki characters. */
export function* chunked(pieces: Iterable<string>): Generator<string, void> {
  let held: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    held.push(piece);
    length += piece.length;
    if (length < CHUNK) continue;
    yield held.join('');
    held = [];
    length = 0;
  }
  if (length > 0) yield held.join('');
}

function* tableLines<Run extends MappedRun>(
  runs: Iterable<Run>,
  attributes: (run: Run) => string,
  heading: string,
): Generator<string, void> {
  const line = (iova: string, end: string, physical: string, size: string, leaves: string, rest: string) =>
    `${iova.padEnd(18)} ${end.padEnd(18)} ${physical.padEnd(18)} ${size.padStart(10)}  ${leaves.padEnd(18)} ${rest}`.trimEnd();
  yield `${line('IOVA', 'END', 'PHYSICAL', 'SIZE', 'LEAVES', heading)}\n`;
  for (const run of runs) {
    const access = `${accessText(run.access).padEnd(2)} ${attributes(run)}`;
    const end = addressText(run.iova + run.pages);
    const iova = addressText(run.iova);
    yield `${line(iova, end, addressText(run.target), sizeText(run.pages), leavesText(run), access)}\n`;
  }
}

/**
 * Merged runs for people: a heading, then one line a run in aligned columns.
 *
 * @param attributes text after the access, e.g. `snoop`; nothing by default
 * @param heading of the access and of what follows it
 * @returns the text in chunks of about 64 Ki characters
 */
export function tableOf<Run extends MappedRun>(
  runs: Iterable<Run>,
  attributes: (run: Run) => string = () => '',
  heading = 'ACCESS',
): Generator<string, void> {
  return chunked(tableLines(runs, attributes, heading));
}

function* jsonRows<Run extends MappedRun>(
  runs: Iterable<Run>,
  attributes: (run: Run) => string,
  more: (run: Run) => object,
): Generator<string, void> {
  let separator = '';
  for (const run of runs) {
    const text = attributes(run);
    const row = {
      iova: addressText(run.iova),
      iovaEnd: addressText(run.iova + run.pages),
      address: addressText(run.target),
      ...(run.level === 0 ? {} : { pageSize: pagesPerEntry(run.level) * 4096 }),
      leaves: run.leaves,
      access: accessText(run.access),
      ...(text === '' ? {} : { attributes: text }),
      ...more(run),
    };
    yield separator + escapeJson(JSON.stringify(row));
    separator = ',\n';
  }
}

/**
 * Merged runs as JSON objects `{ iova, iovaEnd, address, pageSize?, leaves, access, attributes? }`, separated by commas and
 * newlines, without the brackets around them: the caller puts them into an array.
 *
 * @param attributes as for {@link tableOf}
 * @param more further keys of a run
 * @returns the text in chunks of about 64 Ki characters
 */
export function jsonOf<Run extends MappedRun>(
  runs: Iterable<Run>,
  attributes: (run: Run) => string = () => '',
  more: (run: Run) => object = () => ({}),
): Generator<string, void> {
  return chunked(jsonRows(runs, attributes, more));
}
