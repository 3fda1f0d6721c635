import type { MemorySegment } from '../../../src/memory/segments.js';

const PAGE_BYTES = 4096;
const PAGE_WORDS = PAGE_BYTES / 4;
/** Pages of one slab: 1 MiB. */
const SLAB_PAGES = 256;

/** Table pages under construction: words in slabs, so that millions of leaves cost few objects. */
export interface TablePages {
  /** Pages in use. */
  count: number;
  /** Physical byte address of each page. */
  addresses: Float64Array;
  readonly slabs: Int32Array[];
  readonly byAddress: Map<number, number>;
}

/** @returns an empty set of pages */
export function createTablePages(): TablePages {
  return { count: 0, addresses: new Float64Array(64), slabs: [], byAddress: new Map() };
}

/**
 * Adds a zeroed page.
 *
 * @returns its number
 * @throws RangeError when the address is not that of a free page below 2^52
 */
export function addPage(pages: TablePages, address: number): number {
  const valid =
    Number.isSafeInteger(address) && address >= 0 && address < 2 ** 52 && address % PAGE_BYTES === 0;
  if (!valid || pages.byAddress.has(address)) {
    throw new RangeError(`allocate() gave 0x${address.toString(16)}, which is not a free table page`);
  }
  const page = pages.count++;
  if (page === pages.addresses.length) {
    const wider = new Float64Array(page * 2);
    wider.set(pages.addresses);
    pages.addresses = wider;
  }
  pages.addresses[page] = address;
  pages.byAddress.set(address, page);
  if (page % SLAB_PAGES === 0) pages.slabs.push(new Int32Array(SLAB_PAGES * PAGE_WORDS));
  return page;
}

/** @returns the words of the slab that holds a page */
export function wordsOf(pages: TablePages, page: number): Int32Array {
  return pages.slabs[Math.floor(page / SLAB_PAGES)] as Int32Array;
}

/** @returns where in {@link wordsOf} the page starts */
export function wordOffset(page: number): number {
  return (page % SLAB_PAGES) * PAGE_WORDS;
}

/** @returns the bytes of a page (a view, not a copy) */
export function bytesOf(pages: TablePages, page: number): Uint8Array {
  return new Uint8Array(wordsOf(pages, page).buffer, wordOffset(page) * 4, PAGE_BYTES);
}

/** The pages as memory segments, neighbours joined where they are neighbours here too. */
export function segmentsOf(pages: TablePages): MemorySegment[] {
  const segments: MemorySegment[] = [];
  let first = 0;
  for (let page = 1; page <= pages.count; page++) {
    const continues =
      page < pages.count &&
      page % SLAB_PAGES !== 0 &&
      pages.addresses[page] === (pages.addresses[page - 1] as number) + PAGE_BYTES;
    if (continues) continue;
    const length = (page - first) * PAGE_BYTES;
    const bytes = new Uint8Array(wordsOf(pages, first).buffer, wordOffset(first) * 4, length);
    segments.push({ address: pages.addresses[first] as number, bytes });
    first = page;
  }
  return segments;
}
