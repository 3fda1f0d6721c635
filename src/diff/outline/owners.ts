/** Which file a physical page is of, and where in it: what a mapping means, wherever the memory lies. */
import type { Handover } from '../../abi/model.js';
import { addPiece, buildRunTable, createPieces, findRun, type RunTable } from '../../memory/run-table.js';
import { bytesToText } from '../../schema/text.js';

/** File and offset in one number, so that runs of two files never look like one: file * 2^40 + offset. */
const FILE = 2 ** 40;

/** A stretch of physical memory within one file, or in none. */
export interface Owned {
  /** Physical bytes, half-open. */
  readonly start: number;
  readonly end: number;
  /** Name for people, e.g. `file "vm 1"`; undefined when no file has it. */
  readonly name?: string;
  /** Bytes into the file at `start`. */
  readonly offset?: number;
}

/** What physical pages hold. */
export interface PageOwners {
  /** [start, end) cut at the borders of files. */
  cut(start: number, end: number): Iterable<Owned>;
}

/** Owners of the pages of guestmemfs files. A block that two files have (damage) is the first one's. */
export function pageOwners({ guestmemfs }: Handover): PageOwners {
  const files = guestmemfs?.files ?? [];
  const extents = files.reduce((sum, file) => sum + file.extents.length, 0);
  const pieces = createPieces(extents);
  const names = files.map(({ name }) => `file ${JSON.stringify(bytesToText(name).text)}`);
  for (const [i, file] of files.entries()) {
    let offset = 0;
    for (const { start, end } of file.extents) {
      addPiece(pieces, Number(start), Number(end), i * FILE + offset);
      offset += Number(end - start);
    }
  }
  const { table } = buildRunTable(pieces);
  return { cut: (start, end) => cut(table, names, start, end) };
}

function* cut(table: RunTable, names: readonly string[], start: number, end: number): Generator<Owned> {
  let at = start;
  for (let run = findRun(table, start); at < end; run++) {
    const from = run < table.count ? (table.starts[run] as number) : end;
    if (from > at) {
      const stop = Math.min(from, end);
      yield { start: at, end: stop };
      at = stop;
      if (at >= end) return;
    }
    const stop = Math.min(table.ends[run] as number, end);
    const place = (table.offsets[run] as number) + (at - from);
    yield { start: at, end: stop, name: names[Math.floor(place / FILE)] ?? '', offset: place % FILE };
    at = stop;
  }
}
