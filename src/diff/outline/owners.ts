/** Which file a physical page is of, and where in it: what a mapping means, wherever the memory is. */
import type { Handover } from '../../abi/model.js';
import { addPiece, buildRunTable, createPieces, findRun, type RunTable } from '../../memory/run-table.js';
import { bytesToText } from '../../schema/text.js';

/** File and offset in one number, so that runs of two files never look like one: file * 2^40 + offset. */
const FILE = 2 ** 40;

/** The file that holds a stretch of physical memory; filled in by {@link PageOwners.locate}. */
export interface Located {
  /** Physical byte address after the stretch. */
  end: number;
  /** Name for people, e.g. `file "vm 1"`; empty when no file has it. */
  name: string;
  /** Bytes into the file at the start of the stretch. */
  offset: number;
}

/** What physical pages hold. */
export interface PageOwners {
  /** Tells of the longest stretch from `start` on, up to `end`, that is in one file or in none. */
  locate(start: number, end: number, into: Located): void;
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
  return { locate: (start, end, into) => locate(table, names, start, end, into) };
}

function locate(table: RunTable, names: readonly string[], start: number, end: number, into: Located): void {
  const run = findRun(table, start);
  const from = run < table.count ? (table.starts[run] as number) : end;
  if (from > start) {
    into.end = Math.min(from, end);
    into.name = '';
    into.offset = 0;
    return;
  }
  const place = (table.offsets[run] as number) + (start - from);
  into.end = Math.min(table.ends[run] as number, end);
  into.name = names[Math.floor(place / FILE)] ?? '';
  into.offset = place % FILE;
}
