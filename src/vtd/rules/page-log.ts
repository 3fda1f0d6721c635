/**
 * The pages that hold VT-d structures, in typed arrays. Tables of a level mostly follow one another, and are one
 * entry; where millions are apart, each costs 17 bytes.
 */
import { type PageSet, pageSet, pageSetOfColumns } from '../../memory/page-set.js';
import { intersections } from '../../validate/pages.js';

/** Codes of what a page holds; 1 to 5 are page tables of that level. */
export const ROOT_TABLE = 8;
export const CONTEXT_TABLE = 9;
export const PASID_DIRECTORY = 10;
export const PASID_TABLE = 11;

const PAGE = 4096;

/** Pages that follow one another and hold the same. */
export interface LoggedPages {
  /** Byte address of the first, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  readonly owner: number;
}

/** A page that was added more than once: what it holds and whose it is. */
export interface RepeatedPage {
  readonly address: number;
  readonly kinds: readonly number[];
  readonly owners: readonly number[];
}

export interface PageLog {
  /** @param owner index of the target that the page belongs to, -1 for structures of a unit */
  add(address: number, kind: number, owner: number): void;
  /** Pages with what they hold, every (page, kind, owner) as often as it was added. */
  entries(): Iterable<LoggedPages>;
  /** All pages; worked out once, so only to be asked for after the last was added. */
  set(): PageSet;
  /**
   * @param limit most pages, and most uses of each
   * @param matters of an owner: pages of which none does are passed over
   */
  repeated(limit: number, matters: (owner: number) => boolean): RepeatedPage[];
}

export function kindText(kind: number): string {
  if (kind === ROOT_TABLE) return 'a root table';
  if (kind === CONTEXT_TABLE) return 'a context table';
  if (kind === PASID_DIRECTORY) return 'a PASID directory';
  if (kind === PASID_TABLE) return 'a PASID table';
  return `a page table of level ${kind}`;
}

/** Entries in columns; of each the first page's byte address and the number of pages. */
interface Columns {
  readonly starts: Float64Array;
  readonly pages: Uint32Array;
  readonly kinds: Uint8Array;
  readonly owners: Int32Array;
}

function createColumns(size: number): Columns {
  return {
    starts: new Float64Array(size),
    pages: new Uint32Array(size),
    kinds: new Uint8Array(size),
    owners: new Int32Array(size),
  };
}

export function createPageLog(): PageLog {
  let log = createColumns(64);
  let count = 0;
  /** After the last page that was added. */
  let next = -1;
  let added = 0;
  let all: PageSet | undefined;

  function* entries(): Generator<LoggedPages> {
    for (let i = 0; i < count; i++) {
      const start = log.starts[i] as number;
      const end = start + (log.pages[i] as number) * PAGE;
      yield { start, end, kind: log.kinds[i] as number, owner: log.owners[i] as number };
    }
  }

  function set(): PageSet {
    all ??= setOf(log, count);
    return all;
  }

  return {
    add(address, kind, owner) {
      added++;
      all = undefined;
      const last = count - 1;
      const follows = address === next && log.kinds[last] === kind && log.owners[last] === owner;
      next = address + PAGE;
      if (follows) {
        log.pages[last] = (log.pages[last] as number) + 1;
        return;
      }
      if (count === log.starts.length) log = grown(log);
      log.starts[count] = address;
      log.pages[count] = 1;
      log.kinds[count] = kind;
      log.owners[count++] = owner;
    },
    entries,
    set,
    repeated(limit, matters) {
      // Each page once: as many in the set as were added.
      if (set().countPages() === added) return [];
      const pages = repeatedPages(entries(), limit, matters);
      return pages.length === 0 ? [] : usesOf(entries(), pages, limit);
    },
  };
}

function setOf({ starts, pages }: Columns, count: number): PageSet {
  const frames = new Float64Array(count);
  const ends = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    frames[i] = (starts[i] as number) / PAGE;
    ends[i] = (frames[i] as number) + (pages[i] as number);
  }
  return pageSetOfColumns(frames, ends, PAGE);
}

function grown({ starts, pages, kinds, owners }: Columns): Columns {
  const larger = createColumns(2 * starts.length);
  larger.starts.set(starts);
  larger.pages.set(pages);
  larger.kinds.set(kinds);
  larger.owners.set(owners);
  return larger;
}

/** Byte addresses of the first pages that are in several entries, one of which matters, ascending. */
function repeatedPages(
  entries: Iterable<LoggedPages>,
  limit: number,
  matters: (owner: number) => boolean,
): number[] {
  const all = [...entries].sort((a, b) => a.start - b.start);
  const ours = pageSet(
    all.filter(({ owner }) => matters(owner)),
    PAGE,
  );
  const pages: number[] = [];
  let reach = 0;
  /** Up to here it is known. */
  let seen = 0;
  for (const { start, end } of all) {
    const stop = Math.min(end, reach);
    for (const part of intersections(ours, Math.max(start, seen) / PAGE, stop / PAGE)) {
      for (let page = part.start; page < part.end; page++) {
        if (pages.length === limit) return pages;
        pages.push(page * PAGE);
      }
    }
    seen = Math.max(seen, stop);
    reach = Math.max(reach, end);
  }
  return pages;
}

/** Who uses each of the pages, in the order in which they were added. */
function usesOf(entries: Iterable<LoggedPages>, pages: readonly number[], limit: number): RepeatedPage[] {
  const uses = pages.map((address) => ({ address, kinds: [] as number[], owners: [] as number[] }));
  const from = pages[0] as number;
  const to = pages.at(-1) as number;
  for (const { start, end, kind, owner } of entries) {
    if (start > to || end <= from) continue;
    for (const use of uses) {
      if (use.address < start || use.address >= end || use.kinds.length >= limit) continue;
      use.kinds.push(kind);
      use.owners.push(owner);
    }
  }
  return uses;
}
