/** Which page frames files of LUO keep: their session, token, and place in the file. */

import type { Handover } from '../abi/model.js';
import { perHandover } from '../abi/per-handover.js';
import type { PreservedPages } from '../abi/upstream/model.js';
import { ascendingOrder } from '../memory/ascending-order.js';
import { firstAfter } from '../memory/first-after.js';
import type { CountedFolios } from '../structures/folios.js';
import { subjectByKey } from '../structures/index.js';
import type { Subject } from '../structures/structure.js';
import { type ClaimingFile, fileOf, folioClaims } from './claims.js';

/** A file that keeps folios. */
export interface FolioHolder extends ClaimingFile {
  /** What its handler keeps. */
  readonly kind: Subject;
  readonly list: CountedFolios;
  /** Not all entries of its list could be read. */
  partly: boolean;
}

/** Page frames [start, end), held by a file from a page of it on, or by none. */
export interface HeldPart {
  readonly start: number;
  readonly end: number;
  readonly holder?: FolioHolder;
  /** Page of the file that `start` is. */
  readonly page?: number;
}

export interface FilePages {
  readonly holders: readonly FolioHolder[];
  /** The parts of page frames [start, end), ascending, without holes. O(log n) and the parts. */
  parts(start: number, end: number): Iterable<HeldPart>;
}

/** The page frames that files keep; of frames that two files name, the first one's. Worked out once. */
export const filePages = perHandover(createFilePages);

function holdersOf(handover: Handover): FolioHolder[] {
  return folioClaims(handover).flatMap((claim): FolioHolder[] => {
    const [of, kind] = [fileOf(claim), subjectByKey(claim.structure ?? '')];
    return of === undefined || kind === undefined ? [] : [{ ...of, kind, list: claim.folios, partly: false }];
  });
}

/** Runs in columns, of which the first `count` rows are in use. */
interface Columns {
  count: number;
  starts: Float64Array;
  ends: Float64Array;
  pages: Float64Array;
  holders: Int32Array;
}

const NUMBERS = ['starts', 'ends', 'pages'] as const;

function createFilePages(handover: Handover): FilePages {
  const holders = holdersOf(handover);
  const columns = columnsOf(holders, handover.preserved?.pages);
  return {
    holders,
    *parts(start, end) {
      const { count, starts, ends, pages } = columns;
      let at = start;
      for (let i = firstAfter(ends, start, count); at < end && i < count; i++) {
        const from = Math.max(at, starts[i] as number);
        const to = Math.min(end, ends[i] as number);
        if (from >= end) break;
        if (from >= to) continue;
        if (from > at) yield { start: at, end: from };
        const holder = holders[columns.holders[i] as number] as FolioHolder;
        yield { start: from, end: to, holder, page: (pages[i] as number) + from - (starts[i] as number) };
        at = to;
      }
      if (at < end) yield { start: at, end };
    },
  };
}

/** The runs of files in the order of memory; what overlaps is the earlier one's, so that ends rise as starts do. */
function columnsOf(holders: readonly FolioHolder[], blocks: PreservedPages | undefined): Columns {
  const runs = inOrder(runsOf(holders, blocks));
  const { starts, ends, pages } = runs;
  let count = 0;
  let reach = 0;
  for (let run = 0; run < runs.count; run++) {
    const [from, end] = [starts[run] as number, ends[run] as number];
    const start = Math.max(from, reach);
    if (start >= end) continue;
    reach = end;
    starts[count] = start;
    ends[count] = end;
    pages[count] = (pages[run] as number) + start - from;
    runs.holders[count++] = runs.holders[run] as number;
  }
  runs.count = count;
  return runs;
}

/** Runs as files name them: folios that continue the one before in memory and in the file are one. */
function runsOf(holders: readonly FolioHolder[], blocks: PreservedPages | undefined): Columns {
  const runs = createColumns(64);
  for (const [holder, each] of holders.entries()) {
    const { folios, order, nrFolios } = each.list;
    let read = 0;
    /** Where the last run of the file ends, and the page of the file there. */
    let end = -1;
    let next = -1;
    folios.each((pfn, _flags, index) => {
      read++;
      // The reader skips entries of page frame 0 as holes.
      if (pfn === 0) return;
      const length = 2 ** Math.min(Math.max(0, order ?? blocks?.largestAt(pfn) ?? 0), 40);
      if (end !== pfn || next !== index) {
        if (runs.count === runs.starts.length) grow(runs);
        runs.starts[runs.count] = pfn;
        runs.pages[runs.count] = index;
        runs.holders[runs.count++] = holder;
      }
      end = pfn + length;
      next = index + length;
      runs.ends[runs.count - 1] = end;
    });
    each.partly = BigInt(read) < nrFolios;
  }
  return runs;
}

/** The same in the order of memory, one column after the other: a guest may have millions of folios. */
function inOrder(runs: Columns): Columns {
  const order = ascendingOrder(runs.starts, runs.count);
  for (const key of NUMBERS) runs[key] = gathered(runs[key], new Float64Array(order.length), order);
  runs.holders = gathered(runs.holders, new Int32Array(order.length), order);
  return runs;
}

function gathered<T extends Float64Array | Int32Array>(from: T, into: T, order: Uint32Array): T {
  for (let i = 0; i < order.length; i++) into[i] = from[order[i] as number] as number;
  return into;
}

function createColumns(size: number): Columns {
  return {
    count: 0,
    starts: new Float64Array(size),
    ends: new Float64Array(size),
    pages: new Float64Array(size),
    holders: new Int32Array(size),
  };
}

/** Makes room for twice as many. */
function grow(runs: Columns): void {
  const { starts, holders } = runs;
  for (const key of NUMBERS) {
    const column = runs[key];
    runs[key] = new Float64Array(2 * starts.length);
    runs[key].set(column);
  }
  runs.holders = new Int32Array(2 * holders.length);
  runs.holders.set(holders);
}
