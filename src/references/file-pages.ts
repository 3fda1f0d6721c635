/** Which page frames files of LUO keep: their session, token, and place in the file. */

import type { Handover } from '../abi/model.js';
import { perHandover } from '../abi/per-handover.js';
import type { PreservedPages } from '../abi/upstream/model.js';
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

/** Runs in columns, in the order of their start. */
interface Columns {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly pages: Float64Array;
  readonly holders: Int32Array;
}

function createFilePages(handover: Handover): FilePages {
  const holders = holdersOf(handover);
  const columns = columnsOf(holders, handover.preserved?.pages);
  return {
    holders,
    *parts(start, end) {
      const { starts, ends, pages } = columns;
      let at = start;
      for (let i = firstAfter(ends, start); at < end && i < starts.length; i++) {
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

function columnsOf(holders: readonly FolioHolder[], blocks: PreservedPages | undefined): Columns {
  const rows: { start: number; end: number; page: number; holder: number }[] = [];
  for (const [holder, each] of holders.entries()) {
    const { folios, order, nrFolios } = each.list;
    let read = 0n;
    let last: (typeof rows)[number] | undefined;
    folios.each((pfn, _flags, index) => {
      read++;
      // The reader skips entries of page frame 0 as holes.
      if (pfn === 0) return;
      const length = 2 ** Math.min(order ?? blocks?.ordersAt(pfn).at(-1) ?? 0, 40);
      if (last !== undefined && last.end === pfn && last.page + last.end - last.start === index) {
        last.end += length;
        return;
      }
      last = { start: pfn, end: pfn + length, page: index, holder };
      rows.push(last);
    });
    each.partly = read < nrFolios;
  }
  rows.sort((a, b) => a.start - b.start || a.holder - b.holder);
  // What overlaps is the earlier row's, so that ends rise as starts do.
  let reach = 0;
  const kept = rows.flatMap((row) => {
    const start = Math.max(row.start, reach);
    if (start >= row.end) return [];
    reach = row.end;
    return [{ ...row, start, page: row.page + start - row.start }];
  });
  return {
    starts: Float64Array.from(kept, ({ start }) => start),
    ends: Float64Array.from(kept, ({ end }) => end),
    pages: Float64Array.from(kept, ({ page }) => page),
    holders: Int32Array.from(kept, ({ holder }) => holder),
  };
}
