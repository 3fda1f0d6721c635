/** Physical addresses under allocation: upwards from a base, with gaps now and then, so that seeds differ. */

import type { Place } from '../encode/upstream/place.js';
import { splitOrder } from '../memory/blocks.js';
import type { MemorySegment } from '../memory/segments.js';
import { hex } from '../schema/units.js';
import type { KeptRun } from './kept.js';
import type { Random } from './random.js';
import { bytesRegion, type Region } from './regions.js';

export interface Space {
  readonly pageSize: number;
  /** Blocks that the map has to keep. */
  readonly kept: KeptRun[];
  readonly regions: Region[];
  /** First byte after everything. */
  readonly end: number;
  /** Adjacent pages that no map keeps; aligned to `align` pages. */
  take(pages: number, align?: number): number;
  /** A block of 2^order pages that the map keeps. */
  keep(order: number): number;
  /** Adjacent single pages that the map keeps. */
  keepPages(pages: number): number;
}

/** @param random decides on gaps; without it there are none */
export function createSpace(pageSize: number, base: number, random?: Random): Space {
  let next = base;
  const kept: KeptRun[] = [];
  const regions: Region[] = [];
  const take = (pages: number, align = 1): number => {
    if (random?.chance(0.2) === true) next += random.between(1, 40) * pageSize;
    const address = Math.ceil(next / (align * pageSize)) * align * pageSize;
    next = address + pages * pageSize;
    return address;
  };
  return {
    pageSize,
    kept,
    regions,
    get end() {
      return next;
    },
    take,
    keep(order) {
      const address = take(2 ** order, 2 ** order);
      kept.push({ pfn: address / pageSize, order, count: 1 });
      return address;
    },
    keepPages(pages) {
      const address = take(pages);
      kept.push({ pfn: address / pageSize, order: 0, count: pages });
      return address;
    },
  };
}

/** Pages of a list in linked pages, at least one, each full before the next. */
export function layBlocks(
  space: Space,
  items: number,
  capacity: number,
): { readonly address: string; readonly count: string }[] {
  return Array.from({ length: Math.max(1, Math.ceil(items / capacity)) }, (_, i) => ({
    address: hex(space.keep(0)),
    count: hex(Math.min(capacity, items - i * capacity)),
  }));
}

/** A place for the writers of `encode`: everything that they are given has its address already. */
export function placeOf({ pageSize, regions }: Space): Place {
  const segments: MemorySegment[] = [];
  const fresh = (): never => {
    throw new Error('a synthesised document lacks an address');
  };
  return {
    pageSize,
    segments,
    kept: [],
    messages: [],
    put: (address, bytes, what) => {
      if (bytes.length > 0) regions.push(bytesRegion(what, Number(address), bytes));
    },
    keep: fresh,
    pages: fresh,
    make: () => {},
  };
}

/** Blocks of a range of pages, split as the kernel splits them (upstream 2.4.3). */
export function splitRange(pfn: number, pages: number): KeptRun[] {
  const runs: KeptRun[] = [];
  for (let at = pfn; at < pfn + pages; ) {
    const order = splitOrder(at, pfn + pages);
    runs.push({ pfn: at, order, count: 1 });
    at += 2 ** order;
  }
  return runs;
}
