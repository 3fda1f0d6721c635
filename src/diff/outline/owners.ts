/** Which file a physical page is of, and where in it: what a mapping means, wherever the memory is. */
import { FILE_PARTS, missingOf } from '../../abi/missing.js';
import type { Handover } from '../../abi/model.js';
import {
  addPiece,
  buildRunTable,
  createPieces,
  findRun,
  type RunPieces,
  type RunTable,
} from '../../memory/run-table.js';
import type { Claim } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { bytesToText } from '../../schema/text.js';
import { subjectByKey } from '../../structures/index.js';

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
  /** Whether the dump does not tell of all files, so that memory of none may be of one. */
  readonly partly: boolean;
  /** Tells of the longest stretch from `start` on, up to `end`, that is in one file or in none. */
  locate(start: number, end: number, into: Located): void;
}

/** Owners of the pages of guestmemfs files and of files with folios. A page that two files have (damage) is the first one's. */
export function pageOwners(handover: Handover): PageOwners {
  const files = claimsOf(handover)
    .filter(
      ({ at, place, folios }) => at === 'contents' && (folios !== undefined || place.file !== undefined),
    )
    .slice(0, MAX_FILES);
  const pieces = createPieces(0);
  const names = files.map(nameOf);
  for (const [i, file] of files.entries()) addExtents(pieces, file, handover, i * FILE);
  const { table } = buildRunTable(pieces);
  const partly = missingOf(handover, FILE_PARTS) !== undefined;
  return { partly, locate: (start, end, into) => locate(table, names, start, end, into) };
}

function nameOf({ place: { file, session, token = 0n }, structure = '' }: Claim): string {
  const name = JSON.stringify(bytesToText(file ?? session ?? new Uint8Array(0)).text);
  if (file !== undefined) return `file ${name}`;
  return `${subjectByKey(structure)?.what ?? structure} ${name} token 0x${token.toString(16)}`;
}

/** Adds the stretches of memory that a file has; how large a folio is, its record or its preserved block says. */
function addExtents(
  pieces: RunPieces,
  { folios: list, runs }: Claim,
  { preserved, pageSize }: Handover,
  file: number,
): void {
  for (const { start, end, position = 0 } of runs())
    addPiece(pieces, Number(start), Number(end), file + position);
  for (const { length, pfn: pfns, index, count, step } of list?.folios.columns() ?? []) {
    for (let run = 0; run < length; run++) {
      const pfn = pfns[run] as number;
      const last = ((count[run] as number) - 1) * (step[run] as number);
      const order = Math.max(0, list?.order ?? preserved?.pages?.largestAt(pfn + last) ?? 0);
      const size = (last + 2 ** order) * pageSize;
      const offset = (index[run] as number) * pageSize;
      // What cannot be determined exactly has no owner.
      if (pfn !== 0 && offset + size < FILE)
        addPiece(pieces, pfn * pageSize, pfn * pageSize + size, file + offset);
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
