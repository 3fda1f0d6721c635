/** A preserved vmalloc area of any size: its pages and the pages that list them, made when they are read. */
import { vmallocCapacity } from '../decode/upstream/vmalloc.js';
import { writeListPage } from '../encode/upstream/lists.js';
import { type KhoVmalloc, KhoVmallocFlags } from '../records/vmalloc.js';
import { pagesRegion } from './regions.js';
import { createShuffle } from './shuffle.js';
import type { Space } from './space.js';

/** An area in its place. */
export interface LaidArea {
  readonly descriptor: KhoVmalloc;
  /** Physical addresses of the list pages, in chain order. */
  readonly chunks: Iterable<bigint>;
  /** Physical addresses of the pages, in virtual order. */
  readonly runs: Iterable<bigint>;
}

/** Nothing: what an empty file has. */
const EMPTY: LaidArea = {
  descriptor: { first: 0n, totalPages: 0, flags: 0, order: 0 },
  chunks: [],
  runs: [],
};

/**
 * Lays out an area of single pages.
 *
 * @param size bytes
 * @param disorder how far the pages are from lying one after another, 0 to 1
 * @param write fills page `index` of the area, which is zero before
 */
export function layArea(
  space: Space,
  what: string,
  size: number,
  { key, disorder }: { readonly key: number; readonly disorder: number },
  write: (page: DataView, index: number) => void,
): LaidArea {
  const { pageSize } = space;
  const pages = Math.ceil(size / pageSize);
  if (pages === 0) return EMPTY;
  const capacity = vmallocCapacity(pageSize);
  // A list that fills its last page exactly is followed by an empty one.
  const chunks = Math.floor(pages / capacity) + 1;
  const first = space.keepPages(chunks);
  const base = space.keepPages(pages);
  const shuffle = createShuffle(pages, key, disorder);
  const runAt = (index: number): bigint => BigInt(base + shuffle.forward(index) * pageSize);
  space.regions.push(
    pagesRegion(`${what}: list pages`, first, pageSize, chunks, (page, index) => {
      const next = index + 1 < chunks ? BigInt(first + (index + 1) * pageSize) : 0n;
      const done = index * capacity;
      const here = Math.min(pages - done, capacity);
      writeListPage(
        page,
        next,
        counted(here, (i) => runAt(done + i)),
      );
    }),
    pagesRegion(what, base, pageSize, pages, (page, position) => write(page, shuffle.backward(position))),
  );
  return {
    descriptor: { first: BigInt(first), totalPages: pages, flags: KhoVmallocFlags.alloc, order: 0 },
    chunks: counted(chunks, (i) => BigInt(first + i * pageSize)),
    runs: counted(pages, runAt),
  };
}

function counted<T>(count: number, at: (index: number) => T): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) yield at(i);
    },
  };
}
