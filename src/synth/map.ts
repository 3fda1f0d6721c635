/** The preserved memory map over {@link KeptBlocks}, page by page (upstream 2.3, 2.4). */
import { chunkCapacity, writeChunk, writeSlot } from '../structures/map/pages.js';
import type { RadixShape } from '../structures/map/shape.js';
import type { KeptBlocks } from './kept.js';
import { lowerBound } from './lower-bound.js';
import { pagesRegion, type Region } from './regions.js';

/** A map that has been laid out. */
export interface LaidMap {
  /** Physical address of its first page; 0 when nothing is kept. */
  readonly address: bigint;
  readonly regions: readonly Region[];
}

/**
 * A radix tree.
 *
 * @param take gives `count` adjacent pages that the map does not keep
 */
export function radixMap(kept: KeptBlocks, shape: RadixShape, take: (count: number) => number): LaidMap {
  const { pageSize, shift, tableBits, leafBits, depth } = shape;
  const leafSpan = 2 ** leafBits;
  const fanout = 2 ** tableBits;
  // The key of block b of an order is b plus the order's bit; both are below 2^53.
  const keyBit = (order: number): number => 2 ** (64 - shift - order);
  const leaves: { number: number; order: number }[] = [];
  for (const [order, groups] of kept.groups(leafSpan)) {
    for (const group of groups) leaves.push({ number: keyBit(order) / leafSpan + group, order });
  }
  leaves.sort((a, b) => a.number - b.number);
  const levels: number[][] = [leaves.map(({ number }) => number)];
  for (let level = 1; level < depth; level++) {
    const below = levels[level - 1] ?? [];
    const numbers = below.map((number) => Math.floor(number / fanout));
    levels.push(level === depth - 1 ? [0] : numbers.filter((number, i) => number !== numbers[i - 1]));
  }
  const bases = levels.map(({ length }) => (length === 0 ? 0 : take(length)));
  const regions: Region[] = [];
  for (let level = depth - 1; level > 0; level--) {
    const own = levels[level] ?? [];
    const below = levels[level - 1] ?? [];
    const base = bases[level - 1] ?? 0;
    regions.push(
      pagesRegion(`map, level ${level}`, bases[level] ?? 0, pageSize, own.length, (page, index) => {
        const first = (own[index] ?? 0) * fanout;
        for (let i = lowerBound(below, first); i < below.length; i++) {
          const slot = (below[i] ?? 0) - first;
          if (slot >= fanout) break;
          writeSlot(page, slot, BigInt(base + i * pageSize));
        }
      }),
    );
  }
  if (leaves.length > 0) {
    regions.push(
      pagesRegion('map, leaves', bases[0] ?? 0, pageSize, leaves.length, (page, index) => {
        const { number, order } = leaves[index] ?? { number: 0, order: 0 };
        const first = number * leafSpan - keyBit(order);
        kept.fill(
          new Uint8Array(page.buffer, page.byteOffset, pageSize),
          order,
          Math.max(first, 0),
          leafSpan,
        );
      }),
    );
  }
  return { address: BigInt(bases[depth - 1] ?? 0), regions };
}

/**
 * Chunks and bitmaps.
 *
 * @param bitmapSize bytes: 512, or a page
 * @param take gives `count` adjacent pages that the map does not keep
 */
export function chunkMap(kept: KeptBlocks, bitmapSize: number, take: (count: number) => number): LaidMap {
  const { pageSize } = kept;
  const capacity = chunkCapacity(pageSize);
  const bits = bitmapSize * 8;
  const pageShift = Math.log2(pageSize);
  const bitmaps: { order: number; group: number }[] = [];
  const chunks: { order: number; first: number; count: number }[] = [];
  for (const [order, groups] of kept.groups(bits)) {
    for (let at = 0; at < groups.length; at += capacity) {
      const count = Math.min(capacity, groups.length - at);
      chunks.push({ order, first: bitmaps.length + at, count });
    }
    for (const group of groups) bitmaps.push({ order, group });
  }
  if (chunks.length === 0) return { address: 0n, regions: [] };
  const perPage = pageSize / bitmapSize;
  const chunkBase = take(chunks.length);
  const bitmapBase = take(Math.ceil(bitmaps.length / perPage));
  const bitmapPages = Math.ceil(bitmaps.length / perPage);
  return {
    address: BigInt(chunkBase),
    regions: [
      pagesRegion('map, chunks', chunkBase, pageSize, chunks.length, (page, index) => {
        const { order, first, count } = chunks[index] ?? { order: 0, first: 0, count: 0 };
        const next = index + 1 < chunks.length ? BigInt(chunkBase + (index + 1) * pageSize) : 0n;
        const pointers = bitmaps.slice(first, first + count).map(({ group }, i) => ({
          physStart: BigInt(group * bits) << BigInt(order + pageShift),
          bitmap: BigInt(bitmapBase + (first + i) * bitmapSize),
        }));
        writeChunk(page, { next, order }, pointers);
      }),
      pagesRegion('map, bitmaps', bitmapBase, pageSize, bitmapPages, (page, index) => {
        for (let i = 0; i < perPage; i++) {
          const bitmap = bitmaps[index * perPage + i];
          if (bitmap === undefined) break;
          const bytes = new Uint8Array(page.buffer, page.byteOffset + i * bitmapSize, bitmapSize);
          kept.fill(bytes, bitmap.order, bitmap.group * bits, bits);
        }
      }),
    ],
  };
}
