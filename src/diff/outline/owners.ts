/** Which file a physical page is of, and where in it: what a mapping means, wherever the memory is. */
import type { Handover } from '../../abi/model.js';
import { filesOf } from '../../abi/upstream/holders.js';
import { addPiece, buildRunTable, createPieces, findRun, type RunTable } from '../../memory/run-table.js';
import { bytesToText } from '../../schema/text.js';
import { folioListsOf } from '../../structures/index.js';

/** File and offset in one number, so that runs of two files never look like one: file * 2^40 + offset. */
const FILE = 2 ** 40;
/** More of them than that would not be exact; the pages of the others have no owner. */
const MAX_FILES = 2 ** 13;

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

/** A file, and a way to draw the stretches of memory that it has. */
interface OwningFile {
  readonly name: string;
  extents(): Iterable<{ readonly start: number; readonly end: number; readonly offset: number }>;
}

/** Owners of the pages of guestmemfs files and of files with folios. A page that two files have (damage) is the first one's. */
export function pageOwners(handover: Handover): PageOwners {
  const files = [...guestmemfsFiles(handover), ...folioFiles(handover)].slice(0, MAX_FILES);
  let count = 0;
  for (const file of files) for (const _ of file.extents()) count++;
  const pieces = createPieces(count);
  const names = files.map(({ name }) => name);
  for (const [i, file] of files.entries())
    for (const { start, end, offset } of file.extents()) addPiece(pieces, start, end, i * FILE + offset);
  const { table } = buildRunTable(pieces);
  return { locate: (start, end, into) => locate(table, names, start, end, into) };
}

function* guestmemfsFiles({ guestmemfs }: Handover): Generator<OwningFile> {
  for (const { name, extents } of guestmemfs?.files ?? []) {
    yield {
      name: `file ${JSON.stringify(bytesToText(name).text)}`,
      *extents() {
        let offset = 0;
        for (const { start, end } of extents) {
          yield { start: Number(start), end: Number(end), offset };
          offset += Number(end - start);
        }
      },
    };
  }
}

/** Files by session and token; how large a folio is, its record or its preserved block says. */
function* folioFiles(handover: Handover): Generator<OwningFile> {
  const { preserved, pageSize } = handover;
  for (const { session, file } of filesOf(handover)) {
    for (const { subject, list } of folioListsOf(file)) {
      yield {
        name: `${subject.what} ${JSON.stringify(bytesToText(session.name).text)} token 0x${file.token.toString(16)}`,
        *extents() {
          for (const { pfn, index, count, step } of list.folios.runs()) {
            const last = (count - 1) * step;
            const order = list.order ?? preserved?.pages?.ordersAt(Number(pfn) + last).at(-1) ?? 0;
            const offset = Number(index) * pageSize;
            // What cannot be determined exactly has no owner.
            if (pfn === 0n || !(offset + (last + 2 ** order) * pageSize < FILE)) continue;
            const start = Number(pfn) * pageSize;
            yield { start, end: start + (last + 2 ** order) * pageSize, offset };
          }
        },
      };
    }
  }
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
