import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/abi/model.js';
import type { PreservedBlocks, PreservedMap, PreservedPages } from '../../src/abi/upstream/model.js';
import { blockBits, createBlockBits } from '../../src/decode/upstream/block-bits.js';
import { decodeChunks } from '../../src/decode/upstream/map-chunks.js';
import { decodeRadix, radixHas } from '../../src/decode/upstream/map-radix.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { writeChunks, writeRadix } from '../../src/encode/upstream/map.js';
import { createPlace, type Place } from '../../src/encode/upstream/place.js';
import { overlay } from '../../src/memory/overlay.js';
import { pageSet } from '../../src/memory/page-set.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { chunkCapacity, readSlot, slotOffset, usedSlots } from '../../src/structures/map/pages.js';
import { type MapTree, treePlace, treeSlots } from '../../src/structures/map/places.js';
import {
  blockOfKey,
  firstKey,
  leafBlock,
  type RadixShape,
  radixBit,
  radixKey,
  radixShape,
  radixSlot,
} from '../../src/structures/map/shape.js';
import { within } from '../processor-time.js';

const PAGE_SIZES = [4096, 16384, 65536] as const;
const RADIX = ['kho-v2', 'kho-v3', 'kho-v4'] as const;

type Block = readonly [bigint, number];

function blocksOf(pages: PreservedPages): Block[] {
  const list: [bigint, number][] = [];
  for (const { address, order, count } of pages.blocks()) {
    const size = BigInt(pages.pageSize) << BigInt(order);
    for (let i = 0n; i < count; i++) list.push([address + i * size, order]);
  }
  return list;
}

function toBlocks(list: readonly Block[]): PreservedBlocks[] {
  return list.map(([address, order]) => ({ address, order, count: 1 }));
}

/** By address, then order, without repetitions. */
function sorted(list: readonly Block[]): Block[] {
  const seen = new Map(list.map((block) => [block.join(':'), block]));
  return [...seen.values()].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
}

function memoryOf(place: Place): PhysicalMemory {
  return segmentsMemory(place.segments, 'a test');
}

/** Memory with words at addresses, in zeroed pages. */
function words(entries: readonly (readonly [number, bigint])[], pageSize: number): PhysicalMemory {
  const pages = new Map<number, Uint8Array>();
  for (const [address, value] of entries) {
    const start = Math.floor(address / pageSize) * pageSize;
    const page = pages.get(start) ?? new Uint8Array(pageSize);
    pages.set(start, page);
    new DataView(page.buffer).setBigUint64(address - start, value, true);
  }
  return segmentsMemory(
    [...pages].map(([address, bytes]): MemorySegment => ({ address, bytes })),
    'a test',
  );
}

function radix(
  memory: PhysicalMemory,
  root: bigint,
  generation: (typeof RADIX)[number],
  pageSize: number,
  form?: 'radix-4-levels',
) {
  const diagnostics: Diagnostic[] = [];
  const reporter = createReporter(diagnostics, memory);
  const { map, pages } = decodeRadix(memory, root, radixShape(generation, pageSize, form), reporter);
  reporter.finish();
  return { map, pages, codes: diagnostics.map(({ code }) => code), diagnostics };
}

function chunked(
  memory: PhysicalMemory,
  head: bigint,
  pageSize: number,
  form?: 'bitmap-512' | 'bitmap-page',
) {
  const diagnostics: Diagnostic[] = [];
  const reporter = createReporter(diagnostics, memory);
  const evidence = { luo: false, known: [], ...(form === undefined ? {} : { form }) };
  const { map, pages } = decodeChunks(memory, head, pageSize, evidence, reporter);
  reporter.finish();
  return { map, pages, codes: diagnostics.map(({ code }) => code), diagnostics };
}

function treeOf({ depth, pages, slots }: PreservedMap): MapTree {
  if (depth === undefined || slots === undefined) throw new Error('not a tree');
  return { depth, pages, slots };
}

/** The slots in use of all nodes, read one by one. */
function slotsIn(memory: PhysicalMemory, tree: MapTree, { pageSize }: RadixShape) {
  const bytes = new Uint8Array(pageSize);
  return [...tree.pages].flatMap((node, i) => {
    if (treePlace(tree, i, pageSize).level === 0) return [];
    expect(memory.read(node, pageSize, bytes)).toBe(pageSize);
    return [...usedSlots(new DataView(bytes.buffer))].map((index) => {
      expect([...tree.slots]).toContain(node + slotOffset(index));
      return { node, index };
    });
  });
}

/** Blocks anywhere in the 64-bit address space, small ones mostly close together. */
function blocksArbitrary(pageSize: number): fc.Arbitrary<Block[]> {
  const shift = BigInt(Math.log2(pageSize));
  const block = (order: number, number: bigint): Block => {
    const bits = shift + BigInt(order);
    return [(number % (1n << (64n - bits))) << bits, order];
  };
  const near = fc.tuple(fc.integer({ min: 0, max: 11 }), fc.bigInt({ min: 0n, max: 1n << 18n }));
  const far = fc.tuple(fc.integer({ min: 0, max: 47 }), fc.bigInt({ min: 0n, max: (1n << 52n) - 1n }));
  return fc
    .array(fc.oneof({ weight: 4, arbitrary: near }, far), { maxLength: 60 })
    .map((list) =>
      list
        .map(([order, number]) => block(Math.min(order, 63 - Number(shift)), number))
        .filter(([address]) => address < 1n << 63n),
    );
}

describe('the radix tree of the specification (upstream 2.4.4)', () => {
  test.each([
    [4096, 0x123456000n, 0, 0x0010000000123456n, [2, 0, 0, 0, 0x24], 0x3456],
    [4096, 0x140000000n, 9, 0x0000080000000a00n, [0, 2, 0, 0, 0], 0xa00],
    [4096, 0x40000000n, 18, 0x0000000400000001n, [0, 0, 2, 0, 0], 1],
    [4096, 0n, 0, 0x0010000000000000n, [2, 0, 0, 0, 0], 0],
    [16384, 0x123454000n, 0, 0x0004000000048d15n, [1, 0, 0, 2], 0x8d15],
    [16384, 0x142000000n, 11, 0x00000080000000a1n, [0, 1, 0, 0], 0xa1],
    [65536, 0x123450000n, 0, 0x0001000000012345n, [8, 0, 0], 0x12345],
    [65536, 0x160000000n, 13, 0x000000080000000bn, [0, 8, 0], 0xb],
  ])('pages of %d: block 0x%s of order %d', (pageSize, address, order, key, slots, bit) => {
    const shape = radixShape('kho-v4', pageSize);
    expect(shape.depth).toBe(slots.length + 1);
    expect(radixKey(shape, address, order)).toBe(key);
    expect(slots.map((_, i) => radixSlot(shape, key, shape.depth - 1 - i))).toEqual(slots);
    expect(radixBit(shape, key)).toBe(bit);
  });

  test.each(PAGE_SIZES)('a key and its block tell each other, pages of %d', (pageSize) => {
    const shape = radixShape('kho-v4', pageSize);
    const shift = Math.log2(pageSize);
    fc.assert(
      fc.property(blocksArbitrary(pageSize), (list) => {
        for (const [address, order] of list) {
          const key = radixKey(shape, address, order);
          const size = BigInt(pageSize) << BigInt(order);
          expect(blockOfKey(shape, Number(key))).toEqual({ order, number: Number(address / size) });
          const leaf = Number(key >> BigInt(shape.leafBits));
          expect(leafBlock(leaf, radixBit(shape, key), pageSize)).toEqual({
            ...{ start: address, end: address + size, order },
          });
        }
      }),
    );
    for (const key of [0, 1, 2 ** (64 - shift + 1)]) expect(blockOfKey(shape, key)).toBeUndefined();
    expect(blockOfKey(shape, 2 ** (64 - shift + 1) - 1)).toEqual({ order: 0, number: 2 ** (64 - shift) - 1 });
  });

  test('depths by generation and page size (2.4.2)', () => {
    const depths = (generation: (typeof RADIX)[number], form?: 'radix-4-levels') =>
      PAGE_SIZES.map((size) => radixShape(generation, size, form).depth);
    expect(depths('kho-v2')).toEqual([6, 4, 4]);
    expect(depths('kho-v3')).toEqual([6, 5, 4]);
    expect(depths('kho-v3', 'radix-4-levels')).toEqual([6, 4, 4]);
    expect(depths('kho-v4')).toEqual([6, 5, 4]);
  });

  test('the complete tree of two blocks', () => {
    const memory = words(
      [
        [0x100201000, 0x100207000n],
        [0x100201010, 0x100202000n],
        [0x100202000, 0x100203000n],
        [0x100203000, 0x100204000n],
        [0x100204000, 0x100205000n],
        [0x100205120, 0x100206000n],
        [0x100206688, 0x400000n],
        [0x100207010, 0x100208000n],
        [0x100208000, 0x100209000n],
        [0x100209000, 0x10020a000n],
        [0x10020a000, 0x10020b000n],
        [0x10020b140, 1n],
      ],
      4096,
    );
    const { map, pages, codes } = radix(memory, 0x100201000n, 'kho-v4', 4096);
    expect(codes).toEqual([]);
    expect(blocksOf(pages)).toEqual([
      [0x123456000n, 0],
      [0x140000000n, 9],
    ]);
    expect(map.complete).toBe(true);
    expect(map.pages).toHaveLength(11);
    const shape = radixShape('kho-v4', 4096);
    expect(radixHas(memory, 0x100201000n, shape, 0x123456000n, 0)).toBe(true);
    expect(radixHas(memory, 0x100201000n, shape, 0x123457000n, 0)).toBe(false);
  });
});

describe('the chunks of the specification (upstream 2.3.4)', () => {
  const A: Block = [0x123456000n, 0];
  const B: Block = [0x140000000n, 9];

  test.each([
    [4096, 0x120000000n, 0x3456n],
    [512, 0x123000000n, 0x456n],
  ])('bitmaps of %d bytes', (bitmapSize, physStart, bit) => {
    const bitmapA = 0x104c40000;
    const bitmapB = 0x104c41000;
    const word = (base: number, index: number): readonly [number, bigint] => [
      base + Math.floor(index / 64) * 8,
      1n << BigInt(index % 64),
    ];
    const memory = words(
      [
        [0x104c3b000, 0x104c3c000n],
        [0x104c3b008, 1n << 32n],
        [0x104c3b010, physStart],
        [0x104c3b018, BigInt(bitmapA)],
        word(bitmapA, Number(bit)),
        [0x104c3c008, (1n << 32n) | 9n],
        [0x104c3c010, 0n],
        [0x104c3c018, BigInt(bitmapB)],
        word(bitmapB, 0xa00),
      ],
      4096,
    );
    const { map, pages, codes } = chunked(
      memory,
      0x104c3b000n,
      4096,
      bitmapSize === 512 ? 'bitmap-512' : undefined,
    );
    expect(blocksOf(pages)).toEqual([A, B]);
    expect(map.bitmapSize).toBe(bitmapSize);
    expect(codes).toEqual(bitmapSize === 512 ? [] : ['bitmap-form-ambiguous']);
    expect(map.chunks?.map(({ order, numElms }) => [order, numElms])).toEqual([
      [0, 1],
      [9, 1],
    ]);
    // Without being told, only a start that a page-size bitmap cannot have gives the small form away.
    expect(chunked(memory, 0x104c3b000n, 4096).map.bitmapSize).toBe(bitmapSize);
  });
});

describe('random maps come back', () => {
  test.each(PAGE_SIZES.flatMap((size) => RADIX.map((generation) => [generation, size] as const)))(
    '%s, pages of %d',
    (generation, pageSize) => {
      const shape = radixShape(generation, pageSize);
      // kho-v2 with 16 KiB pages loses the order bit of order 0.
      const least = generation === 'kho-v2' && pageSize === 16384 ? 1 : 0;
      fc.assert(
        fc.property(blocksArbitrary(pageSize), (list) => {
          const wanted = list.filter(([, order]) => order >= least);
          const place = createPlace(pageSize, [{ start: 0, end: 2 ** 32 }]);
          const root = writeRadix(place, blockBits(toBlocks(wanted), pageSize), shape, undefined);
          const { map, pages, codes } = radix(memoryOf(place), root, generation, pageSize);
          expect(codes).toEqual(least === 0 ? [] : ['radix-depth']);
          expect(map.complete).toBe(least === 0);
          expect(
            blocksOf(pages).toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1])),
          ).toEqual(sorted(wanted));
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each(PAGE_SIZES)('the walk says where each page is, pages of %d', (pageSize) => {
    const shape = radixShape('kho-v4', pageSize);
    fc.assert(
      fc.property(blocksArbitrary(pageSize), (list) => {
        const place = createPlace(pageSize, [{ start: 0, end: 2 ** 32 }]);
        const root = writeRadix(place, blockBits(toBlocks(list), pageSize), shape, undefined);
        const memory = memoryOf(place);
        const { map } = radix(memory, root, 'kho-v4', pageSize);
        const tree = treeOf(map);
        expect(treePlace(tree, 0, pageSize)).toEqual({ level: shape.depth - 1, number: 0 });
        expect(treeSlots(tree, pageSize)).toEqual(slotsIn(memory, tree, shape));
        const leaves = new Set(
          list.map(([address, order]) => Number(radixKey(shape, address, order) >> BigInt(shape.leafBits))),
        );
        for (const leaf of leaves) {
          let page = Number(root);
          for (let level = shape.depth - 1; level > 0; level--) {
            const bytes = new Uint8Array(pageSize);
            memory.read(page, pageSize, bytes);
            const index = radixSlot(shape, BigInt(firstKey(shape, 0, leaf)), level);
            const next = Number(readSlot(new DataView(bytes.buffer), index));
            const found = treePlace(tree, tree.pages.indexOf(next), pageSize);
            expect(found).toMatchObject({ level: level - 1, slot: { node: page, index } });
            page = next;
          }
          expect(treePlace(tree, tree.pages.indexOf(page), pageSize).number).toBe(leaf);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of two slots that lead to one page the first one counts', () => {
    const memory = words(
      [
        [0x1008, 0x2000n],
        [0x1010, 0x2000n],
        [0x2000, 0n],
      ],
      4096,
    );
    const { map, codes } = radix(memory, 0x1000n, 'kho-v4', 4096);
    expect(codes).toEqual(['radix-shared']);
    expect(treePlace(treeOf(map), 1, 4096)).toEqual({
      level: 4,
      number: 1,
      slot: { node: 0x1000, index: 1 },
    });
    expect(treeSlots(treeOf(map), 4096)).toEqual([{ node: 0x1000, index: 1 }]);
  });

  test.each(
    PAGE_SIZES.flatMap((size) =>
      (['bitmap-512', 'bitmap-page'] as const).map((form) => [form, size] as const),
    ),
  )('kho-v1, %s, pages of %d', (form, pageSize) => {
    fc.assert(
      fc.property(blocksArbitrary(pageSize), (list) => {
        const place = createPlace(pageSize, [{ start: 0, end: 2 ** 32 }]);
        const size = form === 'bitmap-512' ? 512 : pageSize;
        const head = writeChunks(place, blockBits(toBlocks(list), pageSize), size, undefined);
        const { map, pages, codes } = chunked(memoryOf(place), head, pageSize, form);
        expect(codes).toEqual([]);
        expect(map).toMatchObject({ complete: true, bitmapSize: size });
        expect(
          blocksOf(pages).toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1])),
        ).toEqual(sorted(list));
      }),
      { numRuns: 60 },
    );
  });

  test('small bitmaps are told by their places', () => {
    const list: Block[] = [
      [0x1000000n, 0],
      [0x9001000n, 0],
    ];
    const place = createPlace(4096, []);
    const head = writeChunks(place, blockBits(toBlocks(list), 4096), 512, undefined);
    const { map, pages, codes } = chunked(memoryOf(place), head, 4096);
    expect(map).toMatchObject({ bitmapSize: 512, ambiguous: false });
    expect(blocksOf(pages)).toEqual(list);
    expect(codes).toEqual([]);
  });

  test('a kho-v3 tree of four levels with 16 KiB pages is flagged, not repaired', () => {
    const place = createPlace(16384, []);
    const root = writeRadix(
      place,
      blockBits(toBlocks([[0x4000n, 0]]), 16384),
      radixShape('kho-v3', 16384, 'radix-4-levels'),
      undefined,
    );
    const { codes, map, pages } = radix(memoryOf(place), root, 'kho-v3', 16384, 'radix-4-levels');
    expect(codes[0]).toBe('radix-depth');
    expect(map.complete).toBe(false);
    expect(blocksOf(pages)).not.toContainEqual([0x4000n, 0]);
  });

  test('what such a tree holds is what the kernel writes: the key without its order bit', () => {
    const shape = radixShape('kho-v3', 16384, 'radix-4-levels');
    const list: Block[] = [
      [0x123454000n, 0],
      [0x8000n, 0],
      [0x142000000n, 11],
    ];
    const place = createPlace(16384, []);
    const root = writeRadix(place, blockBits(toBlocks(list), 16384), shape, undefined);
    const { pages } = radix(memoryOf(place), root, 'kho-v3', 16384, 'radix-4-levels');
    // 0x48d15 and 2: their highest bits are 18 and 1.
    expect(sorted(blocksOf(pages))).toEqual(
      sorted([
        [0x8d15n << 46n, 32],
        [0n, 49],
        [0x142000000n, 11],
      ]),
    );
  });
});

describe('chains of chunks at their capacity', () => {
  const capacity = chunkCapacity(4096);
  expect(capacity).toBe(255);

  test.each([0, 1, capacity - 1, capacity, capacity + 1, 2 * capacity])(
    '%d bitmaps of one order',
    (count) => {
      const list = Array.from({ length: count }, (_, i): Block => [BigInt(i) << 27n, 0]);
      const place = createPlace(4096, [{ start: 0, end: 2 ** 40 }]);
      const head = writeChunks(place, blockBits(toBlocks(list), 4096), 4096, undefined);
      const { map, pages } = chunked(memoryOf(place), head, 4096, 'bitmap-page');
      expect(map.chunks?.map(({ numElms }) => numElms)).toEqual(
        Array.from({ length: Math.max(1, Math.ceil(count / capacity)) }, (_, i) =>
          Math.min(capacity, count - i * capacity),
        ),
      );
      expect(blocksOf(pages)).toEqual(list);
    },
  );
});

describe('coverage', () => {
  test('answers as a set of pages does', () => {
    fc.assert(
      fc.property(
        blocksArbitrary(4096),
        fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 1n << 32n }), fc.bigInt({ min: 0n, max: 1n << 22n }))),
        (list, queries) => {
          const pages = blockBits(toBlocks(list), 4096);
          const set = pageSet(
            list.map(([address, order]) => ({ start: address, end: address + (4096n << BigInt(order)) })),
            4096,
          );
          expect([...pages.runs()]).toEqual([...set.runs()]);
          expect(pages.countPages()).toBe(set.countPages());
          expect(pages.countBlocks()).toBe(sorted(list).length);
          for (const [address, order] of list) {
            const pfn = Number(address / 4096n);
            expect(pages.has(pfn, order)).toBe(true);
            expect(pages.ordersAt(pfn)).toContain(order);
            expect(pages.largestAt(pfn)).toBe(pages.ordersAt(pfn).at(-1));
            expect(pages.smallestAt(pfn)).toBe(pages.ordersAt(pfn)[0]);
          }
          for (const [start, length] of queries) {
            const end = start + length;
            expect(pages.covers(start, end)).toBe(set.covers(start, end));
            expect([...pages.uncovered(start, end)]).toEqual([...set.uncovered(start, end)]);
            expect(pages.contains(Number(start / 4096n))).toBe(set.contains(Number(start / 4096n)));
            const [first, last] = [Number(start / 4096n), Number(end / 4096n)];
            expect(pages.largestAt(first)).toBe(pages.ordersAt(first).at(-1) ?? -1);
            expect(pages.smallestAt(first)).toBe(pages.ordersAt(first)[0] ?? -1);
            const [gap] = set.uncovered(first * 4096, last * 4096);
            const until = gap === undefined ? last : Number(gap.start / 4096n);
            const next = set.contains(first)
              ? first
              : Math.min(last, ...[...set.runs()].map((run) => run.start).filter((each) => each > first));
            for (const frames of [pages, set]) {
              expect(frames.coveredUntil(first, last)).toBe(until);
              expect(frames.nextCovered(first, last)).toBe(Math.min(next, last));
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('1 TiB of 4K pages costs a bit a page, and no more time than there are leaves', () => {
    const memory = words(
      [
        [0x1010, 0x2000n],
        [0x2000, 0x3000n],
        [0x3000, 0x4000n],
        [0x4000, 0x5000n],
        ...Array.from({ length: 512 }, (_, i) => [0x5000 + i * 8, BigInt(0x10000 + i * 4096)] as const),
      ],
      4096,
    );
    const full = new Uint8Array(512 * 4096).fill(0xff);
    const leaves = segmentsMemory([{ address: 0x10000, bytes: full }], 'leaves');
    within(10_000, () => {
      const { pages, codes } = radix(overlay(leaves, memory), 0x1000n, 'kho-v4', 4096);
      // 512 leaves are 64 GiB; the other fifteen parts of the TiB are set directly.
      const builder = createBlockBits(4096);
      for (let part = 0; part < 16; part++) builder.addRun(0, part * 2 ** 24, 2 ** 24);
      const all = builder.finish();
      expect(codes).toEqual([]);
      expect([...pages.runs()]).toEqual([{ start: 0, end: 2 ** 24 }]);
      expect([...all.blocks()]).toEqual([{ address: 0n, order: 0, count: 2 ** 28 }]);
      expect(all.countPages()).toBe(2 ** 28);
      let covered = 0;
      for (let i = 0; i < 100_000; i++) {
        const address = ((i * 7919) % 2 ** 28) * 4096;
        if (all.covers(address, address + 65536)) covered++;
      }
      expect(covered).toBeGreaterThan(99_900);
      expect(all.covers(0, 2 ** 40)).toBe(true);
      expect(all.covers(0, 2 ** 40 + 1)).toBe(false);
    });
  });

  test('kernel bitmaps may start at any block', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 20 }),
        fc.uint8Array({ minLength: 8, maxLength: 64 }),
        (first, bytes) => {
          const whole = bytes.subarray(0, bytes.length - (bytes.length % 4));
          const builder = createBlockBits(4096);
          const count = builder.addBitmap(0, first, whole);
          const wanted = new Set<number>();
          for (let bit = 0; bit < whole.length * 8; bit++) {
            if ((((whole[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1) wanted.add(first + bit);
          }
          const pages = builder.finish();
          expect(count).toBe(wanted.size);
          expect(new Set(blocksOf(pages).map(([address]) => Number(address / 4096n)))).toEqual(wanted);
        },
      ),
    );
  });
});
