/**
 * Second-stage page tables of any size, made entry by entry when they are read. Which tables there are is kept;
 * of the lowest level, of which there may be millions, only every 64th one's number.
 */

import { firstFrom, firstIndex } from '../memory/first-after.js';
import { FS_PDE_LEAF_BITS, FS_PDE_TABLE_BITS, FS_PTE_BITS } from '../records/vtd.js';
import { type Halves, leafEntry, tableEntry, writeEntry } from '../vtd/build-entries.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from '../vtd/walk/batch.js';
import { happens } from './random.js';

/** A range of IOVAs that maps a range of a file; in pages. */
export interface TableMapping {
  /** First IOVA, as a page frame number. */
  readonly iova: number;
  readonly pages: number;
  /** First page of the file. */
  readonly offset: number;
  /** Page frame number of a page of the file; 512 pages of the file from a multiple of 512 on are adjacent. */
  readonly pfn: (page: number) => number;
  /** Where that is not so: whether the 512 pages from a multiple of 512 on are adjacent and aligned. */
  readonly whole?: (page: number) => boolean;
  readonly write: boolean;
}

export interface TablesPlan {
  /** Ascending, disjoint. */
  readonly mappings: readonly TableMapping[];
  /** 2..5. */
  readonly levels: number;
  readonly pageSizes: { readonly size2M: boolean; readonly size1G: boolean };
  /** Part of the 2 MiB ranges that are mapped page by page although a large page would fit, 0 to 1. */
  readonly fragmentation: number;
  readonly key: number;
  /** Kind of the entries; second by default. */
  readonly stage?: 'first' | 'second';
  /** The unit does not snoop on its walks: entries that lead to tables have the software bit of a flushed table. */
  readonly incoherent?: boolean;
}

/** Tables without a place. */
export interface Tables {
  readonly levels: number;
  /** Number of table pages; the top table is page 0, then level by level, by rising IOVA. */
  readonly pages: number;
  /** Page number of table `index` of a level. */
  number(level: number, index: number): number;
  /** Writes the entries of a page, which is zero before. `address` places pages. */
  write(page: DataView, number: number, address: (number: number) => number): void;
}

/** 2 MiB ranges between two that are kept. */
const STRIDE = 64;
const WINDOW = ENTRIES_PER_TABLE;
const PAGE = 4096;

/** How a 2 MiB range of IOVAs is mapped. */
type Kind = 'table' | 'leaf' | 'inside';

/** Finds out which tables there are. */
export function planTables({
  mappings,
  levels,
  pageSizes,
  fragmentation,
  key,
  stage = 'second',
  incoherent = false,
}: TablesPlan): Tables {
  const leafBits = stage === 'first' ? firstLeafBits : secondLeafBits;
  const tableBits = tableBitsOf(stage, incoherent);
  const writeTable = (page: DataView, slot: number, address: number): void =>
    writeEntry(page, slot, address / PAGE, tableBits);
  const giant = new Set<number>();
  /** Tables of levels 2 and up, as multiples of what they span. */
  const spans: number[][] = Array.from({ length: levels + 1 }, () => []);
  const marks: { window: number; count: number }[] = [];
  let windows = 0;
  let lowest = 0;

  function isLarge({ iova, pages, offset, whole }: TableMapping, window: number): boolean {
    const start = window * WINDOW;
    if (!pageSizes.size2M || start < iova || start + WINDOW > iova + pages) return false;
    if ((iova - offset) % WINDOW !== 0 || happens(fragmentation, key, window)) return false;
    return whole === undefined || whole(start - iova + offset);
  }

  function isGiant(mapping: TableMapping, giga: number): boolean {
    const span = WINDOW * WINDOW;
    const start = giga * span;
    if (!pageSizes.size1G || levels < 3) return false;
    if (start < mapping.iova || start + span > mapping.iova + mapping.pages) return false;
    const first = mapping.pfn(start - mapping.iova + mapping.offset);
    if (first % span !== 0) return false;
    for (let i = 0; i < WINDOW; i++) {
      if (!isLarge(mapping, giga * WINDOW + i)) return false;
      if (mapping.pfn(start - mapping.iova + mapping.offset + i * WINDOW) !== first + i * WINDOW)
        return false;
    }
    return true;
  }

  /**
   * Visits the mapped 2 MiB ranges from `from` on, each once, with the first mapping that reaches into it, until
   * `visit` returns false.
   */
  function eachWindow(from: number, visit: (window: number, kind: Kind, at: number) => boolean): void {
    const low = firstIndex(mappings.length, (i) => {
      const { iova, pages } = mappings[i] as TableMapping;
      return iova + pages <= from * WINDOW;
    });
    let window = from;
    for (let at = low; at < mappings.length; at++) {
      const mapping = mappings[at] as TableMapping;
      window = Math.max(window, Math.floor(mapping.iova / WINDOW));
      const end = Math.ceil((mapping.iova + mapping.pages) / WINDOW);
      for (; window < end; window++) {
        const inside = giant.size > 0 && giant.has(Math.floor(window / WINDOW));
        if (!visit(window, inside ? 'inside' : isLarge(mapping, window) ? 'leaf' : 'table', at)) return;
      }
    }
  }

  for (const mapping of mappings) {
    const span = WINDOW * WINDOW;
    const last = Math.floor((mapping.iova + mapping.pages) / span);
    for (let giga = Math.ceil(mapping.iova / span); giga < last; giga++) {
      if (isGiant(mapping, giga)) giant.add(giga);
    }
  }
  const add = (level: number, index: number): void => {
    const list = spans[level] as number[];
    if (list.at(-1) !== index) list.push(index);
  };
  eachWindow(0, (window, kind) => {
    if (windows++ % STRIDE === 0) marks.push({ window, count: lowest });
    if (kind === 'table') lowest++;
    if (kind !== 'inside' && levels >= 2) add(2, Math.floor(window / WINDOW));
    for (let level = 3; level <= levels; level++) {
      add(level, Math.floor((window * WINDOW) / pagesPerEntry(level + 1)));
    }
    return true;
  });
  if ((spans[levels] as number[]).length === 0) add(levels, 0);
  const firsts: number[] = [];
  let pages = 0;
  for (let level = levels; level >= 2; level--) {
    firsts[level] = pages;
    pages += (spans[level] as number[]).length;
  }
  firsts[1] = pages;
  pages += lowest;

  /** Number of lowest tables before a 2 MiB range, and the range to go on from. */
  function before(window: number): { count: number; from: number } {
    const mark = marks[firstIndex(marks.length, (i) => (marks[i]?.window ?? 0) <= window) - 1];
    return mark === undefined || mark.window > window
      ? { count: 0, from: window }
      : { count: mark.count, from: mark.window };
  }

  function writeLowest(page: DataView, index: number): void {
    const mark = marks[firstIndex(marks.length, (i) => (marks[i]?.count ?? 0) <= index) - 1];
    let count = mark?.count ?? 0;
    const from = mark?.window ?? 0;
    let found = -1;
    let first = 0;
    eachWindow(from, (window, kind, at) => {
      if (kind !== 'table' || count++ !== index) return true;
      found = window;
      first = at;
      return false;
    });
    const end = (found + 1) * WINDOW;
    for (let at = first; at < mappings.length; at++) {
      const mapping = mappings[at] as TableMapping;
      if (mapping.iova >= end) return;
      const bits = leafBits(1, mapping);
      const start = Math.max(mapping.iova, found * WINDOW);
      const stop = Math.min(mapping.iova + mapping.pages, end);
      for (let iova = start; iova < stop; iova++) {
        writeEntry(page, iova - found * WINDOW, mapping.pfn(iova - mapping.iova + mapping.offset), bits);
      }
    }
  }

  function writeSecond(page: DataView, index: number, address: (number: number) => number): void {
    const giga = (spans[2] as number[])[index] ?? 0;
    const start = giga * WINDOW;
    let { count, from } = before(start);
    eachWindow(from, (window, kind, at) => {
      if (window >= start + WINDOW) return false;
      const mapping = mappings[at] as TableMapping;
      if (window >= start) {
        if (kind === 'leaf') {
          const pfn = mapping.pfn(window * WINDOW - mapping.iova + mapping.offset);
          writeEntry(page, window - start, pfn, leafBits(2, mapping));
        } else writeTable(page, window - start, address((firsts[1] ?? 0) + count));
      }
      if (kind === 'table') count++;
      return true;
    });
  }

  function writeUpper(
    page: DataView,
    level: number,
    index: number,
    address: (number: number) => number,
  ): void {
    const span = (spans[level] as number[])[index] ?? 0;
    const start = span * ENTRIES_PER_TABLE;
    const below = spans[level - 1] as number[];
    for (let i = firstFrom(below, start); i < below.length; i++) {
      const slot = (below[i] ?? 0) - start;
      if (slot >= ENTRIES_PER_TABLE) break;
      writeTable(page, slot, address((firsts[level - 1] ?? 0) + i));
    }
    if (level !== 3 || giant.size === 0) return;
    for (let slot = 0; slot < ENTRIES_PER_TABLE; slot++) {
      if (!giant.has(start + slot)) continue;
      const iova = (start + slot) * WINDOW * WINDOW;
      const mapping = mappings.find((each) => each.iova <= iova && each.iova + each.pages > iova);
      if (mapping === undefined) continue;
      writeEntry(page, slot, mapping.pfn(iova - mapping.iova + mapping.offset), leafBits(3, mapping));
    }
  }

  return {
    levels,
    pages,
    number: (level, index) => (firsts[level] ?? 0) + index,
    write(page, number, address) {
      let level = levels;
      while (level > 1 && number >= (firsts[level - 1] ?? 0)) level--;
      const index = number - (firsts[level] ?? 0);
      if (level === 1) writeLowest(page, index);
      else if (level === 2) writeSecond(page, index, address);
      else writeUpper(page, level, index, address);
    },
  };
}

const NO_BITS: Halves = { lo: 0, hi: 0 };

/** Everything of a leaf but its address. */
function secondLeafBits(level: number, { write }: TableMapping): Halves {
  return leafEntry('rfc', level, { read: true, write }) ?? NO_BITS;
}

/** Software bit of first-stage entries for a table that has been flushed (vtd.md 2.4). */
const FLUSHED_FIRST = 1 << 9;

/** What Linux writes in first-stage tables: user, accessed, and dirty where it is writable (vtd.md 2.4). */
const FIRST_TABLE = FS_PDE_TABLE_BITS.p.lo | FS_PDE_TABLE_BITS.us.lo | FS_PDE_TABLE_BITS.a.lo;

/** What entries that point to tables have besides the address. */
function tableBitsOf(stage: 'first' | 'second', incoherent: boolean): Halves {
  if (stage === 'second') return tableEntry(incoherent ? 'generic_pt-incoherent' : 'rfc', 0);
  const flushed = incoherent ? FLUSHED_FIRST : 0;
  return { lo: FIRST_TABLE | FS_PDE_TABLE_BITS.rw.lo | flushed, hi: 0 };
}

function firstLeafBits(level: number, { write }: TableMapping): Halves {
  const large = level > 1 ? FS_PDE_LEAF_BITS.ps.lo : 0;
  const writable = write ? FS_PTE_BITS.rw.lo | FS_PTE_BITS.d.lo : 0;
  return { lo: FIRST_TABLE | large | writable, hi: 0 };
}
