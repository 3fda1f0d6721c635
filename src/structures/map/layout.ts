/**
 * The preserved memory map as pages to write, in each of its forms (upstream 2.3.3, 2.4.3): what both a document that is
 * encoded and a dump that is synthesised have.
 */
import { firstFrom } from '../../memory/first-after.js';
import { bitmapSpan, bitsOf } from './bitmaps.js';
import { chunkCapacity, slotAt, writeChunk, writeSlot } from './pages.js';
import { firstKey, orderBit, type RadixShape, reachOfLevel } from './shape.js';

/** Blocks that a map has to keep. */
export interface MapBlocks {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Numbers of the groups of `bits` blocks of each order in which there is a block; orders and numbers ascend. */
  groups(bits: number): Map<number, number[]>;
  /** Sets the bits of the blocks `first` to `first + bits - 1` of an order; bit `at` stands for `first`. */
  fill(bitmap: Uint8Array, order: number, first: number, bits: number, at: number): void;
}

/** Pages end to end, each made on its own. */
export interface MapPages {
  readonly what: string;
  /** Physical address. */
  readonly address: number;
  readonly count: number;
  /** Fills page `index`, which is zero before. */
  write(page: DataView, index: number): void;
}

/** A map that has been laid out. */
export interface LaidMap {
  /** Physical address of its first page; 0 when nothing is kept. */
  readonly address: number;
  readonly parts: readonly MapPages[];
}

/** Gives the address of `count` adjacent pages that the map does not keep. */
export type TakePages = (count: number) => number;

/** Blocks of one order that have bits in a leaf. */
interface LeafPart {
  readonly order: number;
  /** Number of the first block. */
  readonly first: number;
  readonly bits: number;
  /** Its bit. */
  readonly at: number;
}

/** What is in each leaf, by its number: blocks of one order as a rule; the first leaf has all large orders. */
function leavesOf(blocks: MapBlocks, shape: RadixShape): Map<number, LeafPart[]> {
  const span = firstKey(shape, 0, 1);
  const reach = reachOfLevel(shape, 0);
  const leaves = new Map<number, LeafPart[]>();
  for (const [order, groups] of blocks.groups(span)) {
    const start = orderBit(shape, order);
    for (const group of groups) {
      const leaf = (Math.floor(start / span) + group) % reach;
      const part = { order, first: group * span, bits: Math.min(span, start), at: start % span };
      const parts = leaves.get(leaf);
      if (parts === undefined) leaves.set(leaf, [part]);
      else parts.push(part);
    }
  }
  return new Map([...leaves].sort(([a], [b]) => a - b));
}

/**
 * A radix tree (kho-v2 on).
 *
 * @param root physical address of its root; a page that is taken when none is given
 */
export function layRadix(blocks: MapBlocks, shape: RadixShape, take: TakePages, root?: number): LaidMap {
  const { pageSize, depth } = shape;
  const slots = slotAt(pageSize);
  const leaves = leavesOf(blocks, shape);
  const levels = [Float64Array.from(leaves.keys())];
  for (let level = 1; level < depth; level++) {
    const numbers = (levels[level - 1] ?? new Float64Array()).map((number) => Math.floor(number / slots));
    levels.push(numbers.filter((number, i) => number !== numbers[i - 1]));
  }
  // The root is there without a block too.
  levels[depth - 1] = Float64Array.of(0);
  const bases = levels.map(({ length }, level) => {
    if (level === depth - 1 && root !== undefined) return root;
    return length === 0 ? 0 : take(length);
  });
  const parts = levels.map((own, level): MapPages => {
    const address = bases[level] ?? 0;
    if (level === 0) {
      const inLeaf = [...leaves.values()];
      return {
        ...{ what: 'map, leaves', address, count: own.length },
        write(page, index) {
          const bitmap = new Uint8Array(page.buffer, page.byteOffset, pageSize);
          for (const { order, first, bits, at } of inLeaf[index] ?? [])
            blocks.fill(bitmap, order, first, bits, at);
        },
      };
    }
    const below = levels[level - 1] ?? own;
    const base = bases[level - 1] ?? 0;
    return {
      ...{ what: `map, level ${level}`, address, count: own.length },
      write(page, index) {
        const first = (own[index] ?? 0) * slots;
        for (let i = firstFrom(below, first); i < below.length; i++) {
          const slot = (below[i] ?? 0) - first;
          if (slot >= slots) break;
          writeSlot(page, slot, BigInt(base + i * pageSize));
        }
      },
    };
  });
  return { address: bases[depth - 1] ?? 0, parts: parts.reverse().filter(({ count }) => count > 0) };
}

/**
 * Chunks and bitmaps (kho-v1): orders ascending, each with its own chunks, bitmaps by address. Bitmaps of 512 bytes come
 * from kmalloc, several of them in a page.
 *
 * @param bitmapSize bytes: 512, or a page
 * @param head physical address of the first chunk, which is then there without a block too
 */
export function layChunks(blocks: MapBlocks, bitmapSize: number, take: TakePages, head?: number): LaidMap {
  const { pageSize } = blocks;
  const capacity = chunkCapacity(pageSize);
  const bits = bitsOf(bitmapSize);
  const bitmaps: { order: number; group: number }[] = [];
  const chunks: { order: number; first: number; count: number }[] = [];
  for (const [order, groups] of blocks.groups(bits)) {
    for (let at = 0; at < groups.length; at += capacity) {
      const count = Math.min(capacity, groups.length - at);
      chunks.push({ order, first: bitmaps.length + at, count });
    }
    for (const group of groups) bitmaps.push({ order, group });
  }
  if (chunks.length === 0) {
    if (head === undefined) return { address: 0, parts: [] };
    chunks.push({ order: 0, first: 0, count: 0 });
  }
  const perPage = pageSize / bitmapSize;
  const fresh = chunks.length - (head === undefined ? 0 : 1);
  const chunkBase = fresh === 0 ? 0 : take(fresh);
  const bitmapPages = Math.ceil(bitmaps.length / perPage);
  const bitmapBase = bitmapPages === 0 ? 0 : take(bitmapPages);
  const addressOf = (index: number): number => {
    if (index >= chunks.length) return 0;
    return index === 0 && head !== undefined ? head : chunkBase + (index - chunks.length + fresh) * pageSize;
  };
  function chunkPages(first: number, count: number): MapPages {
    return {
      ...{ what: 'map, chunks', address: addressOf(first), count },
      write(page, nth) {
        const index = first + nth;
        const chunk = chunks[index] ?? { order: 0, first: 0, count: 0 };
        const { order } = chunk;
        const pointers = bitmaps.slice(chunk.first, chunk.first + chunk.count).map(({ group }, i) => ({
          physStart: BigInt(group) * bitmapSpan(order, bitmapSize, pageSize),
          bitmap: BigInt(bitmapBase + (chunk.first + i) * bitmapSize),
        }));
        writeChunk(page, { next: BigInt(addressOf(index + 1)), order }, pointers);
      },
    };
  }
  const bitmapPart: MapPages = {
    ...{ what: 'map, bitmaps', address: bitmapBase, count: bitmapPages },
    write(page, index) {
      const own = bitmaps.slice(index * perPage, (index + 1) * perPage);
      for (const [i, { order, group }] of own.entries()) {
        const bytes = new Uint8Array(page.buffer, page.byteOffset + i * bitmapSize, bitmapSize);
        blocks.fill(bytes, order, group * bits, bits, 0);
      }
    },
  };
  return {
    address: addressOf(0),
    parts: [
      ...(head === undefined ? [] : [chunkPages(0, 1)]),
      ...(fresh === 0 ? [] : [chunkPages(chunks.length - fresh, fresh)]),
      ...(bitmapPages === 0 ? [] : [bitmapPart]),
    ],
  };
}
