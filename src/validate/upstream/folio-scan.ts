/** One pass over all lists of folios, whatever has them; rules on folios and on owners read its tallies. */

import { perHandover } from '../../abi/per-handover.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { ascendingOrder } from '../../memory/ascending-order.js';
import { expectEntries } from '../../memory/work.js';
import type { FolioClaim } from '../../references/claims.js';
import { believedFolios } from '../../references/held.js';
import { type CountedFolios, FolioSerFlags, type FolioView } from '../../structures/folios.js';
import { subjectByKey } from '../../structures/index.js';
import { type Coverage, createCoverage, type Gaps } from './folio-coverage.js';
import { createPageBits, type PageBits } from './page-bits.js';
import { maxPageOrder, orderAt } from './shared.js';

/** A list of a file whose record has a size. */
type SizedFolios = CountedFolios & { readonly size?: bigint };

/** Sizes from here on are negative as loff_t: the file has no end. */
const NO_END = 1n << 63n;
/** No page is larger. */
const MOST_ORDER = 40;

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
  /** The page frame occurs in the list of another file of the structure. */
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
  readonly owner: FolioClaim;
  readonly faults: Partial<Record<FolioFault, FolioTally>>;
  /** Not all entries are in the dump. */
  readonly absent: boolean;
  /** Pages of the file that no folio covers; undefined where the list is not known as a whole. */
  readonly gaps?: Gaps;
  /** The other list that has the first shared page frame. */
  sharedWith?: FolioClaim;
}

export interface Folios {
  readonly scans: readonly FolioScan[];
  /** Page frames that the lists name. */
  readonly named: FrameSet;
  /** Those that lists of two structures name, or two files of one that has no rule of its own on that. */
  readonly crossed: PageBits;
}

/** Page frames, as they are asked for. */
export type FrameSet = Pick<PageBits, 'has' | 'next' | 'nextMissing'>;

/** Lists searched for the other owner of a page frame. */
const MAX_SEARCHES = 16;
const KNOWN_FLAGS = Object.values(FolioSerFlags).reduce((all, flag) => all | flag, 0);

/**
 * Scans every list once. Takes a bit a named page frame, and no object an entry. Where the map is not whole, faults that
 * depend on it are not looked for.
 */
export const scanFolios = perHandover((handover): Folios => {
  const { preserved, preservedMap, pageSize } = handover;
  const pages = preservedMap?.complete === true ? preserved?.pages : undefined;
  const named = new Map<string, PageBits>();
  const crossed = createPageBits();
  const scans: FolioScan[] = [];
  const owners = believedFolios(handover);
  expectEntries(owners.reduce((sum, { folios }) => sum + folios.folios.length, 0));
  let searches = 0;
  for (const owner of owners) {
    const { structure = '' } = owner;
    const own = named.get(structure) ?? createPageBits();
    named.set(structure, own);
    const others = [...named.values()].filter((each) => each !== own);
    const apart = subjectByKey(structure)?.apart === true;
    const scan = scanOne(owner, pageSize, pages, { named: own, others, apart, crossed });
    scans.push(scan);
    const { shared } = scan.faults;
    if (shared === undefined || searches++ >= MAX_SEARCHES) continue;
    const other = owners.find(
      (each) => each !== owner && each.structure === structure && positionIn(each, shared.pfn) >= 0,
    );
    if (other !== undefined) scan.sharedWith = other;
  }
  expectEntries(undefined);
  return { scans, named: together([...named.values()]), crossed };
});

/** Sets of page frames as one. */
function together(sets: readonly PageBits[]): FrameSet {
  const [only = createPageBits(), ...more] = sets;
  if (more.length === 0) return only;
  return {
    has: (pfn) => sets.some((each) => each.has(pfn)),
    next: (pfn) => Math.min(...sets.map((each) => each.next(pfn))),
    nextMissing(pfn) {
      let at = pfn;
      for (
        let set = sets.find((each) => each.has(at));
        set !== undefined;
        set = sets.find((each) => each.has(at))
      )
        at = set.nextMissing(at);
      return at;
    },
  };
}

/** The position of a page frame in a list, the last where there are several; -1 where it has none. */
export function positionIn({ folios: { folios } }: FolioClaim, wanted: number): number {
  let found = -1;
  folios.each((pfn, _flags, _index, position) => {
    if (pfn === wanted) found = position;
  });
  return found;
}

/** What is known of the lists before one. */
interface Seen {
  /** Of the same structure; takes those of the list. */
  readonly named: PageBits;
  readonly others: readonly PageBits[];
  /** The structure has a rule of its own on folios that its files share. */
  readonly apart: boolean;
  readonly crossed: PageBits;
}

function scanOne(
  owner: FolioClaim,
  pageSize: number,
  pages: PreservedPages | undefined,
  { named, others, apart, crossed }: Seen,
): FolioScan {
  const list: SizedFolios = owner.folios;
  const { folios, order: fixed, size = NO_END } = list;
  // Of pages of one size the index counts these.
  const unit = fixed === undefined ? 1 : 2 ** Math.min(fixed, MOST_ORDER);
  const faults: Partial<Record<FolioFault, FolioTally>> = {};
  const mixed = others.length > 0;
  const maxOrder = maxPageOrder(pageSize);
  const endOfFile = Number(size) / pageSize / unit;
  let coverage = coverageOf(list, pageSize);
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
    if ((flags & FolioSerFlags.dirty) === 0) fault('clean');
    if ((flags & FolioSerFlags.uptodate) === 0) fault('stale');
    if (order < 0) fault('head');
    else if (order > maxOrder && fixed === undefined) fault('order');
    let count = 1;
    if (order > 0 && fixed === undefined) {
      count = 2 ** order;
      if (!Number.isInteger(index / count)) fault('unaligned');
    }
    if (index >= endOfFile) fault('beyond');
    if (index < end) {
      if (index >= lastIndex && ascending) fault('overlap');
      else ascending = false;
    }
    lastIndex = index;
    end = Math.max(end, index + count);
    if (mixed && others.some((other) => other.has(pfn))) crossed.add(pfn);
    if (named.add(pfn)) {
      own?.add(pfn);
      return;
    }
    own ??= firstFrames(folios, position);
    if (own.add(pfn)) {
      fault('shared');
      if (!apart) crossed.add(pfn);
    } else fault('again');
  });
  const absent = seen < folios.length;
  // In whatever order the list is, the reader takes it (H15).
  if (!ascending || !sorted) coverage = inOrder(list, pages, pageSize, faults);
  const whole = !absent && list.area.complete && BigInt(folios.length) === list.nrFolios;
  const gaps = whole ? coverage?.end() : undefined;
  return { owner, faults, absent, ...(gaps === undefined ? {} : { gaps }) };
}

/** What holds the list against the size of the file; a size that is negative as loff_t has no end. */
function coverageOf({ size = NO_END, order }: SizedFolios, pageSize: number): Coverage | undefined {
  if (size >= NO_END || order !== undefined) return undefined;
  const page = BigInt(pageSize);
  // A table of the lowest level but one maps what a PMD does: the largest folio of shmem (HPAGE_PMD_ORDER).
  return createCoverage(Number((size + page - 1n) / page), pageSize / 8);
}

/** Page frames of the first entries of a list. */
function firstFrames(folios: FolioView, count: number): PageBits {
  const frames = createPageBits();
  folios.each((pfn, _flags, _index, position) => {
    if (position < count && pfn !== 0) frames.add(pfn);
  });
  return frames;
}

/** Overlaps and coverage of a list that does not ascend, which no kernel writes. */
function inOrder(
  list: SizedFolios,
  pages: PreservedPages | undefined,
  pageSize: number,
  faults: Partial<Record<FolioFault, FolioTally>>,
): Coverage | undefined {
  const { folios } = list;
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
  const byIndex = ascendingOrder(columns.index, known);
  const coverage = coverageOf(list, pageSize);
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
