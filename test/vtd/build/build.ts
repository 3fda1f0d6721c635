import type { MemorySegment } from '../../../src/memory/segments.js';
import { SS_PDE_LEAF_BITS, SS_PTE_BITS } from '../../../src/records/vtd.js';
import { type EntryStyle, entryHi, entryLo, leafEntry, tableEntry } from '../../../src/vtd/build-entries.js';
import {
  addPage,
  bytesOf,
  createTablePages,
  segmentsOf,
  type TablePages,
  wordOffset,
  wordsOf,
} from './build-pages.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from '../../../src/vtd/walk/batch.js';

/** A range of IOVAs to map, in 4 KiB pages and page frame numbers. */
export interface PageMapping {
  /** First IOVA, as a page frame number: below 2^(9 * levels). */
  readonly iova: number;
  /** First physical page frame number. */
  readonly target: number;
  /** Length in pages, at least 1. */
  readonly pages: number;
  readonly read: boolean;
  readonly write: boolean;
  /** The snoop bit in the leaves. */
  readonly snoop?: boolean;
}

/** How tables are built. */
export interface BuildOptions {
  /** 2..5. */
  readonly levels: number;
  /** Which large pages the hardware supports (CAP_REG.SSLPS); the largest that fits is taken. */
  readonly pageSizes: { readonly size2M: boolean; readonly size1G: boolean };
  /** Physical byte address of the next free page; called once for each table, parents before children. */
  readonly allocate: () => number;
  /** Whose habits the entries follow. */
  readonly style: EntryStyle;
}

/** Finished tables. */
export interface BuiltTables {
  /** Physical byte address of the top table. */
  readonly root: number;
  readonly levels: number;
  /** Number of table pages. */
  readonly pages: number;
  /** Physical byte address of table page `index`, in order of allocation; the root is page 0. */
  address(index: number): number;
  /** Its 4096 bytes: a view of the tables, not a copy. */
  bytes(index: number): Uint8Array;
  /** All pages as segments of a physical memory, neighbours joined. */
  segments(): MemorySegment[];
}

/** The tables that lead to the place where the builder last wrote, by level. */
interface Builder {
  readonly levels: number;
  readonly pages: TablePages;
  readonly style: EntryStyle;
  readonly allocate: () => number;
  /** Page number of the current table and first IOVA (page frame number) that it serves; -1 for none. */
  readonly current: Int32Array;
  readonly base: Float64Array;
}

function overlap(iova: number): RangeError {
  return new RangeError(`IOVA 0x${(BigInt(iova) << 12n).toString(16)} is mapped twice`);
}

/** Whether an entry above level 1 is a leaf. */
function isLeafEntry(lo: number): boolean {
  return (lo & SS_PDE_LEAF_BITS.ps.lo) !== 0;
}

/** @returns the byte address in an entry that points to a table or a 4 KiB page */
function entryAddress(lo: number, hi: number): number {
  const { address } = SS_PTE_BITS;
  return (hi & address.hi) * 0x100000000 + ((lo & address.lo) >>> 0);
}

/** Word index, in the page's slab, of the entry of `level` for an IOVA in the current table. */
function entryWord(b: Builder, level: number, iova: number): number {
  const index = Math.floor((iova - (b.base[level] as number)) / pagesPerEntry(level));
  return wordOffset(b.current[level] as number) + 2 * index;
}

/**
 * Makes the table of `level` that serves an IOVA the current one; allocates what is missing. The tables of lower
 * levels may then serve another range: each has its own.
 */
function seek(b: Builder, level: number, iova: number): void {
  let at = level;
  const serves = (l: number): boolean => {
    const base = b.base[l] as number;
    return (b.current[l] as number) >= 0 && iova >= base && iova < base + pagesPerEntry(l + 1);
  };
  while (at < b.levels && !serves(at)) at++;
  for (; at > level; at--) {
    const words = wordsOf(b.pages, b.current[at] as number);
    const i = entryWord(b, at, iova);
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    let page: number | undefined;
    if ((lo | hi) === 0) {
      const address = b.allocate();
      page = addPage(b.pages, address);
      const entry = tableEntry(b.style, address);
      words[i] = entry.lo;
      words[i + 1] = entry.hi;
    } else {
      page = isLeafEntry(lo) ? undefined : b.pages.byAddress.get(entryAddress(lo, hi));
      if (page === undefined) throw overlap(iova);
    }
    b.current[at - 1] = page;
    b.base[at - 1] = iova - (iova % pagesPerEntry(at));
  }
}

/** Largest level whose page size fits the start and the length of what is left to map. */
function leafLevel(options: BuildOptions, iova: number, target: number, pages: number): number {
  const fits = (level: number): boolean => {
    const span = pagesPerEntry(level);
    return level <= options.levels && pages >= span && iova % span === 0 && target % span === 0;
  };
  if (options.pageSizes.size1G && fits(3)) return 3;
  if (options.pageSizes.size2M && fits(2)) return 2;
  return 1;
}

/** Leaves of one size that can follow before the table or the usefulness of that size ends. */
function leavesAt(options: BuildOptions, level: number, iova: number, target: number, pages: number): number {
  const span = pagesPerEntry(level);
  const inTable = ENTRIES_PER_TABLE - (Math.floor(iova / span) % ENTRIES_PER_TABLE);
  let count = Math.min(inTable, Math.floor(pages / span));
  // A smaller page stops being the right one where a larger one starts to fit.
  for (let above = level + 1; above <= 3; above++) {
    const wider = pagesPerEntry(above);
    const allowed = above === 2 ? options.pageSizes.size2M : options.pageSizes.size1G;
    if (!allowed || above > options.levels || (iova - target) % wider !== 0) continue;
    const until = wider - (iova % wider);
    if (pages >= until + wider) count = Math.min(count, until / span);
  }
  return Math.max(1, count);
}

/** Writes `count` leaves of `level` into the current table. */
function writeLeaves(
  b: Builder,
  mapping: PageMapping,
  level: number,
  iova: number,
  target: number,
  count: number,
): void {
  const words = wordsOf(b.pages, b.current[level] as number);
  const first = entryWord(b, level, iova);
  const end = first + 2 * count;
  const span = pagesPerEntry(level);
  const bits = leafEntry(b.style, level, mapping);
  if (bits === undefined) {
    throw new RangeError(`IOVA 0x${(BigInt(iova) << 12n).toString(16)} is mapped without permissions`);
  }
  const { lo, hi } = bits;
  let pfn = target;
  for (let i = first; i < end; i += 2) {
    if (((words[i] as number) | (words[i + 1] as number)) !== 0) {
      throw overlap(iova + ((i - first) / 2) * span);
    }
    words[i] = entryLo(pfn, lo);
    words[i + 1] = entryHi(pfn, hi);
    pfn += span;
  }
}

function checkMapping(options: BuildOptions, mapping: PageMapping): void {
  const { iova, target, pages } = mapping;
  const whole = Number.isSafeInteger(iova) && Number.isSafeInteger(target) && Number.isSafeInteger(pages);
  const end = 2 ** (9 * options.levels);
  if (!whole || pages < 1 || iova < 0 || iova + pages > end || target < 0 || target + pages > 2 ** 40) {
    throw new RangeError(`mapping iova ${iova}, target ${target}, pages ${pages} is out of range`);
  }
}

/**
 * Builds second-stage tables. Time is linear in the number of leaves when the mappings come in IOVA order, and
 * nearly so in any order; 8 bytes a leaf.
 *
 * @throws RangeError for a mapping outside the range of the levels or of physical memory, one that overlaps
 * another, one without permissions that the style refuses, or an allocator that gives an unusable page
 */
export function buildTables(mappings: Iterable<PageMapping>, options: BuildOptions): BuiltTables {
  const { levels, allocate } = options;
  if (!Number.isInteger(levels) || levels < 2 || levels > 5) throw new RangeError(`${levels} levels: 2 to 5`);
  const pages = createTablePages();
  const root = allocate();
  const b: Builder = {
    levels,
    pages,
    style: options.style,
    allocate,
    current: new Int32Array(levels + 1).fill(-1),
    base: new Float64Array(levels + 1),
  };
  b.current[levels] = addPage(pages, root);
  for (const mapping of mappings) {
    checkMapping(options, mapping);
    let { iova, target } = mapping;
    let left = mapping.pages;
    while (left > 0) {
      const level = leafLevel(options, iova, target, left);
      const count = leavesAt(options, level, iova, target, left);
      seek(b, level, iova);
      writeLeaves(b, mapping, level, iova, target, count);
      const done = count * pagesPerEntry(level);
      iova += done;
      target += done;
      left -= done;
    }
  }
  return {
    root,
    levels,
    pages: pages.count,
    address: (index) => pages.addresses[index] as number,
    bytes: (index) => bytesOf(pages, index),
    segments: () => segmentsOf(pages),
  };
}
