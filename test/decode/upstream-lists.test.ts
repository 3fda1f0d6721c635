import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/abi/model.js';
import { readChain } from '../../src/decode/upstream/chain.js';
import type { Context } from '../../src/decode/upstream/context.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { readArea, readVmalloc, vmallocCapacity } from '../../src/decode/upstream/vmalloc.js';
import { planPages, writeChain } from '../../src/encode/upstream/chain.js';
import { writeArea } from '../../src/encode/upstream/lists.js';
import { createPlace, type Place } from '../../src/encode/upstream/place.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { writeKhoBlockHeaderSer } from '../../src/records/kho_block.js';
import { luoFileSer } from '../../src/records/luo.js';
import { BLOCKS, blockCapacity, MAX_BLOCKS } from '../../src/structures/blocks.js';
import { fold16 } from '../../src/structures/kho-test/checksum.js';

const PAGE_SIZES = [4096, 16384, 65536] as const;

function context(memory: PhysicalMemory, pageSize: number): Context & { diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  return { memory, pageSize, reporter: createReporter(diagnostics, memory), claimed: new Set(), diagnostics };
}

function memoryOf(place: Place): PhysicalMemory {
  return segmentsMemory(place.segments, 'a test');
}

function file(i: number): { compatible: Uint8Array; data: bigint; token: bigint } {
  return {
    compatible: new Uint8Array(48).fill(0x61 + (i % 26), 0, 40),
    data: BigInt(i) << 40n,
    token: (1n << 64n) - 1n - BigInt(i),
  };
}

describe.each(PAGE_SIZES)('block lists, pages of %d', (pageSize) => {
  const capacity = blockCapacity(pageSize, luoFileSer.size ?? 0);

  test('capacity (upstream 0.3)', () => {
    expect(capacity).toBe({ 4096: 63, 16384: 255, 65536: 1023 }[pageSize]);
    expect(blockCapacity(pageSize, 80)).toBe({ 4096: 51, 16384: 204, 65536: 819 }[pageSize]);
  });

  test.each([0, 1, capacity - 1, capacity, capacity + 1, 3 * capacity])('%d records come back', (count) => {
    const values = Array.from({ length: count }, (_, i) => file(i));
    const place = createPlace(pageSize, []);
    const pages = planPages(place, BLOCKS, luoFileSer, count, undefined, []);
    const head = writeChain(place, BLOCKS, luoFileSer, values, pages, 'files');
    const reading = context(memoryOf(place), pageSize);
    const list = readChain(reading, head, BLOCKS, luoFileSer, 'files');
    expect(head === 0n).toBe(count === 0);
    expect(list.records.map(({ value }) => value)).toEqual(values);
    expect(list.blocks.map((block) => Number(block.count))).toEqual(
      Array.from({ length: Math.ceil(count / capacity) }, (_, i) => Math.min(capacity, count - i * capacity)),
    );
    expect(list.complete).toBe(true);
    expect(reading.diagnostics).toEqual([]);
    expect(place.kept).toHaveLength(list.blocks.length);
  });
});

describe('damaged block lists', () => {
  /** Blocks at 0x1000, 0x2000, …: [next, count]. */
  function chain(blocks: readonly (readonly [bigint, bigint])[]): PhysicalMemory {
    return segmentsMemory(
      blocks.map(([next, count], i) => {
        const bytes = new Uint8Array(4096);
        writeKhoBlockHeaderSer(new DataView(bytes.buffer), 0, { next, count });
        return { address: (i + 1) * 4096, bytes };
      }),
      'a test',
    );
  }

  test.each([
    ['a link to itself', [[0x1000n, 1n]], 'block-shared', 1],
    [
      'a loop',
      [
        [0x2000n, 1n],
        [0x1000n, 2n],
      ],
      'block-shared',
      3,
    ],
    // The rest of these blocks is zero: no records.
    ['a count beyond capacity', [[0n, 64n]], 'block-count', 0],
    ['a count of 2^64 - 1', [[0n, (1n << 64n) - 1n]], 'block-count', 0],
    ['a link within a page', [[0x2008n, 1n]], 'block-pointer', 1],
    ['an empty block', [[0n, 0n]], 'block-count', 0],
    ['a link out of memory', [[0x5000n, 1n]], 'memory-absent', 1],
    ['a link above 2^52', [[1n << 60n, 1n]], 'block-pointer', 1],
  ] as const)('%s', (_, blocks, code, records) => {
    const reading = context(chain(blocks), 4096);
    const list = readChain(reading, 0x1000n, BLOCKS, luoFileSer, 'files');
    expect(list.complete).toBe(false);
    expect(list.records).toHaveLength(records);
    expect(reading.diagnostics.map((each) => each.code)).toEqual([code]);
  });

  test('more blocks than the kernel takes', () => {
    const blocks = Array.from({ length: MAX_BLOCKS + 5 }, (_, i) => [BigInt(i + 2) * 4096n, 1n] as const);
    const reading = context(chain(blocks), 4096);
    const list = readChain(reading, 0x1000n, BLOCKS, luoFileSer, 'files');
    expect(list.blocks).toHaveLength(MAX_BLOCKS);
    expect(reading.diagnostics.map(({ code }) => code)).toEqual(['block-limit']);
  });
});

describe.each(PAGE_SIZES)('vmalloc areas, pages of %d', (pageSize) => {
  const capacity = vmallocCapacity(pageSize);

  test('capacity (upstream 0.3)', () => {
    expect(capacity).toBe({ 4096: 511, 16384: 2047, 65536: 8191 }[pageSize]);
  });

  const counts = pageSize === 4096 ? [1, capacity - 1, capacity, capacity + 1, 2 * capacity] : [1, 3];
  test.each(counts)('%d pages come back', (count) => {
    const bytes = new Uint8Array(count * pageSize - 5).map((_, i) => (i * 31 + (i >> 12)) & 0xff);
    const place = createPlace(pageSize, []);
    const descriptor = writeArea(place, bytes, undefined, 'list');
    const reading = context(memoryOf(place), pageSize);
    const area = readVmalloc(reading, descriptor, 'a test');
    expect(area).toMatchObject({ complete: true, runSize: pageSize });
    expect(area.runs).toHaveLength(count);
    // A list that fills its last page exactly is followed by an empty one.
    expect(area.chunks).toHaveLength(Math.floor(count / capacity) + 1);
    const again = new Uint8Array(bytes.length);
    expect(readArea(reading, area, 0, again.length, again)).toBe(again.length);
    expect(again.every((byte, i) => byte === bytes[i])).toBe(true);
    expect(reading.diagnostics).toEqual([]);
    expect(place.kept).toHaveLength(count + area.chunks.length);
  });
});

describe('damaged vmalloc areas', () => {
  function memory(...pages: readonly (readonly bigint[])[]): PhysicalMemory {
    return segmentsMemory(
      pages.map((words, i) => {
        const bytes = new Uint8Array(4096);
        const view = new DataView(bytes.buffer);
        for (const [j, word] of words.entries()) view.setBigUint64(j * 8, word, true);
        return { address: (i + 1) * 4096, bytes };
      }),
      'a test',
    );
  }
  const descriptor = { first: 0x1000n, totalPages: 2, flags: 1, order: 0 };

  test.each([
    ['the example of the specification', memory([0n, 0x5000n, 0x6000n]), descriptor, []],
    ['an empty last page', memory([0x2000n, 0x5000n, 0x6000n], [0n]), descriptor, []],
    ['a link to itself', memory([0x1000n, 0x5000n]), descriptor, ['vmalloc-shared']],
    ['too few pages', memory([0n, 0x5000n]), descriptor, ['vmalloc-pages']],
    ['too many pages', memory([0n, 0x5000n, 0x6000n, 0x7000n]), descriptor, ['vmalloc-pages']],
    ['a list after a zero', memory([0n, 0x5000n, 0n, 0x6000n]), descriptor, ['vmalloc-pages']],
    ['no list at all', memory(), descriptor, ['memory-absent']],
    ['undefined flags', memory([0n, 0x5000n, 0x6000n]), { ...descriptor, flags: 5 }, ['vmalloc-flags']],
    ['an order beyond reason', memory([0n, 0x5000n]), { ...descriptor, order: 0xffff }, ['vmalloc-order']],
    ['2^32 - 1 pages', memory([0n, 0x5000n]), { ...descriptor, totalPages: 0xffff_ffff }, ['vmalloc-pages']],
  ])('%s', (_, pages, described, codes) => {
    const reading = context(pages, 4096);
    const area = readVmalloc(reading, described, 'a test');
    expect(reading.diagnostics.map(({ code }) => code)).toEqual(codes);
    expect(area.complete).toBe(codes.length === 0 || codes[0] === 'vmalloc-flags');
  });
});

test('sums folded to 16 bits do not depend on how 32 bits were kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }), (low, high) => {
      const folded = fold16(high * 0x10000 + low);
      const plain = low + high > 0xffff ? low + high - 0xffff : low + high;
      expect(folded).toBe(plain);
      expect(fold16(folded)).toBe(folded);
    }),
  );
});
