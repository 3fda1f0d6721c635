/** One pass over the folio lists of all memfds; the rules on folios read its tallies. */

import type { Location } from '../../abi/model.js';
import { perHandover } from '../../abi/per-handover.js';
import type { LuoFile, LuoSession, Memfd, PreservedPages } from '../../abi/upstream/model.js';
import { areaAddress } from '../../decode/upstream/vmalloc.js';
import { expectEntries } from '../../memory/work.js';
import {
  MEMFD_LUO_FOLIO_SER_SIZE,
  MemfdLuoFolioSerFlags,
  memfdLuoFolioSer,
  memfdLuoSer,
  memfdLuoSerV1,
} from '../../records/memfd.js';
import { FOLIOS } from '../../validate/reads.js';
import type { Subject } from '../../validate/rule.js';
import { type Elements, fieldPlace, type Records } from '../../validate/shapes.js';
import { fileSubject } from '../../validate/subject.js';
import { hex } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { createPageBits, type PageBits } from '../../validate/upstream/page-bits.js';
import { maxPageOrder, orderAt, UPSTREAM } from '../../validate/upstream/shared.js';
import { type Coverage, createCoverage, type Gaps } from './rules-coverage.js';

/** A memfd, and whose it is. */
export interface PlacedMemfd {
  readonly name: string;
  readonly subject: Subject;
  readonly session: LuoSession;
  readonly file: LuoFile;
  readonly memfd: Memfd;
}

/** What can be wrong with an entry of a list. */
export type FolioFault =
  /** Not the head of a preserved block. */
  | 'head'
  /** pfn 0. */
  | 'hole'
  /** At or after the end of the file. */
  | 'beyond'
  /** The index is not a multiple of the folio's pages. */
  | 'unaligned'
  /** The indices are another folio's too. */
  | 'overlap'
  | 'flags'
  /** Without MEMFD_LUO_FOLIO_DIRTY. */
  | 'clean'
  /** Without MEMFD_LUO_FOLIO_UPTODATE. */
  | 'stale'
  /** The page frame occurs before in the same list. */
  | 'again'
  /** The page frame occurs in another list. */
  | 'shared'
  /** Larger than MAX_PAGE_ORDER. */
  | 'order';

/** How many entries have a fault, and the first of them. */
export interface FolioTally {
  count: number;
  readonly position: number;
  readonly pfn: number;
  readonly index: number;
  readonly flags: number;
  readonly order: number;
}

export interface FolioScan {
  readonly owner: PlacedMemfd;
  readonly faults: Partial<Record<FolioFault, FolioTally>>;
  /** Not all entries are in the dump. */
  readonly absent: boolean;
  /** Pages of the file that no folio covers; undefined where the list is not known as a whole. */
  readonly gaps?: Gaps;
  /** The other list that has the first shared page frame. */
  sharedWith?: PlacedMemfd;
}

export interface Folios {
  readonly scans: readonly FolioScan[];
  /** Page frames that the lists name. */
  readonly named: PageBits;
}

/** Lists searched for the other owner of a page frame. */
const MAX_SEARCHES = 16;
const KNOWN_FLAGS = Object.values(MemfdLuoFolioSerFlags).reduce((all, flag) => all | flag, 0);

/** Every memfd whose record is in the dump. */
export const findMemfds = perHandover(({ luo }): readonly PlacedMemfd[] =>
  (luo?.sessions ?? []).flatMap((session) =>
    (session.files ?? []).flatMap((file): PlacedMemfd[] =>
      file.memfd === undefined
        ? []
        : [
            {
              name: `the memfd of token ${hex(file.token)}, session ${quoted(session.name)}`,
              subject: fileSubject(session, file),
              session,
              file,
              memfd: file.memfd,
            },
          ],
    ),
  ),
);

/** A field of an entry of a folio list: where the list has it, not where the folio is. */
export function folioPlace(
  { memfd }: PlacedMemfd,
  position: number,
  id: 'pfn' | 'flags' | 'index',
): Location {
  return fieldPlace(memfdLuoFolioSer, areaAddress(memfd.area, position * MEMFD_LUO_FOLIO_SER_SIZE), id);
}

/** Memfds, for the rules on their records. */
export const MEMFDS: Records<PlacedMemfd, Memfd> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: FOLIOS },
  each({ handover }, report) {
    const found = findMemfds(handover);
    if (found.length === 0) report.skip('no file of a session is a memfd, or its record is not in the dump');
    return found;
  },
  subject: ({ subject }) => subject,
  name: ({ name }) => name,
  model: ({ memfd }) => memfd,
  record: ({ memfd }) => (memfd.version === 'memfd-v1' ? memfdLuoSerV1 : memfdLuoSer),
  address: ({ memfd }) => memfd.origin.address,
};

/** Lists of folios, for the rules on what is in them. */
export const SCANS: Elements<FolioScan> = {
  shared: MEMFDS.shared,
  *each(context, report) {
    MEMFDS.each(context, report);
    for (const scan of scanFolios(context.handover).scans) {
      const { owner, absent } = scan;
      if (absent) report.absent(`the folio list of ${owner.name}`, owner.memfd.area.descriptor.first);
      yield scan;
    }
  },
  subject: ({ owner }) => owner.subject,
};

/**
 * Scans every list once. Takes a bit a named page frame, and no object an entry. Where the map is not whole, faults that
 * depend on it are not looked for.
 */
export const scanFolios = perHandover((handover): Folios => {
  const { preserved, preservedMap, pageSize } = handover;
  const pages = preservedMap?.complete === true ? preserved?.pages : undefined;
  const named = createPageBits();
  const scans: FolioScan[] = [];
  const owners = findMemfds(handover);
  expectEntries(owners.reduce((sum, { memfd }) => sum + memfd.folios.length, 0));
  let searches = 0;
  for (const owner of owners) {
    const scan = scanOne(owner, pageSize, pages, named);
    scans.push(scan);
    const { shared } = scan.faults;
    if (shared === undefined || searches++ >= MAX_SEARCHES) continue;
    const other = owners.find((each) => each !== owner && names(each, shared.pfn));
    if (other !== undefined) scan.sharedWith = other;
  }
  expectEntries(undefined);
  return { scans, named };
});

function scanOne(
  owner: PlacedMemfd,
  pageSize: number,
  pages: PreservedPages | undefined,
  named: PageBits,
): FolioScan {
  const { folios, size } = owner.memfd;
  const faults: Partial<Record<FolioFault, FolioTally>> = {};
  const maxOrder = maxPageOrder(pageSize);
  const endOfFile = Number(size) / pageSize;
  let coverage = coverageOf(owner, pageSize);
  let own: PageBits | undefined;
  let seen = 0;
  let lastIndex = -1;
  let end = 0;
  let ascending = true;
  let lastEntry = -1;
  let sorted = true;
  // One object for the entry at hand: a list costs none an entry.
  const entry = { position: 0, pfn: 0, index: 0, flags: 0, order: 0 };
  function fault(kind: FolioFault): void {
    const tally = faults[kind];
    if (tally === undefined) faults[kind] = { count: 1, ...entry };
    else tally.count++;
  }
  folios.each((pfn, flags, index, position) => {
    seen++;
    const order = pages === undefined ? 0 : orderAt(pages, pfn);
    entry.position = position;
    entry.pfn = pfn;
    entry.index = index;
    entry.flags = flags;
    entry.order = order;
    if (index < lastEntry) sorted = false;
    lastEntry = index;
    if (sorted) coverage?.add(pfn, index, pages === undefined ? -1 : order, position);
    if ((flags & ~KNOWN_FLAGS) !== 0) fault('flags');
    if (pfn === 0) {
      fault('hole');
      return;
    }
    if ((flags & MemfdLuoFolioSerFlags.dirty) === 0) fault('clean');
    if ((flags & MemfdLuoFolioSerFlags.uptodate) === 0) fault('stale');
    if (order < 0) fault('head');
    else if (order > maxOrder) fault('order');
    const count = order > 0 ? 2 ** order : 1;
    if (index >= endOfFile) fault('beyond');
    if (index % count !== 0) fault('unaligned');
    if (index < end) {
      if (index >= lastIndex && ascending) fault('overlap');
      else ascending = false;
    }
    lastIndex = index;
    end = Math.max(end, index + count);
    if (named.add(pfn)) {
      own?.add(pfn);
      return;
    }
    own ??= firstFrames(owner, position);
    fault(own.add(pfn) ? 'shared' : 'again');
  });
  const absent = seen < folios.length;
  // In whatever order the list is, the reader takes it (H15).
  if (!ascending || !sorted) coverage = inOrder(owner, pages, pageSize, faults);
  const whole = !absent && owner.memfd.area.complete && BigInt(folios.length) === owner.memfd.nrFolios;
  const gaps = whole ? coverage?.end() : undefined;
  return { owner, faults, absent, ...(gaps === undefined ? {} : { gaps }) };
}

/** What holds the list against the size of the file; a size that is negative as loff_t has no end. */
function coverageOf({ memfd }: PlacedMemfd, pageSize: number): Coverage | undefined {
  if (memfd.size >= 1n << 63n) return undefined;
  const page = BigInt(pageSize);
  // A table of the lowest level but one maps what a PMD does: the largest folio of shmem (HPAGE_PMD_ORDER).
  return createCoverage(Number((memfd.size + page - 1n) / page), pageSize / 8);
}

/** Page frames of the first entries of a list. */
function firstFrames({ memfd }: PlacedMemfd, count: number): PageBits {
  const frames = createPageBits();
  memfd.folios.each((pfn, _flags, _index, position) => {
    if (position < count && pfn !== 0) frames.add(pfn);
  });
  return frames;
}

function names({ memfd }: PlacedMemfd, wanted: number): boolean {
  let found = false;
  memfd.folios.each((pfn) => {
    if (pfn === wanted) found = true;
  });
  return found;
}

/** Overlaps and coverage of a list that does not ascend, which no kernel writes. */
function inOrder(
  owner: PlacedMemfd,
  pages: PreservedPages | undefined,
  pageSize: number,
  faults: Partial<Record<FolioFault, FolioTally>>,
): Coverage | undefined {
  const { folios } = owner.memfd;
  const { length } = folios;
  const columns = {
    pfn: new Float64Array(length),
    index: new Float64Array(length),
    order: new Int8Array(length),
  };
  let known = 0;
  folios.each((pfn, _flags, index, position) => {
    columns.pfn[position] = pfn;
    columns.index[position] = index;
    columns.order[position] = pages === undefined ? -1 : pfn === 0 ? 0 : orderAt(pages, pfn);
    known = position + 1;
  });
  const byIndex = Uint32Array.from({ length: known }, (_, i) => i);
  byIndex.sort((a, b) => (columns.index[a] ?? 0) - (columns.index[b] ?? 0));
  const coverage = coverageOf(owner, pageSize);
  let end = 0;
  let count = 0;
  let first: number | undefined;
  for (const i of byIndex) {
    const [pfn, index, order] = [columns.pfn[i] ?? 0, columns.index[i] ?? 0, columns.order[i] ?? 0];
    coverage?.add(pfn, index, order, i);
    if (pfn === 0) continue;
    if (index < end) {
      count++;
      first ??= i;
    }
    end = Math.max(end, index + 2 ** Math.max(0, order));
  }
  if (first !== undefined) {
    const [pfn, index, order] = [
      columns.pfn[first] ?? 0,
      columns.index[first] ?? 0,
      columns.order[first] ?? 0,
    ];
    faults.overlap = { count, position: first, pfn, index, flags: 0, order: Math.max(0, order) };
  }
  return coverage;
}
