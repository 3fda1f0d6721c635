import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { readTree } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { memoryLines } from '../../src/report/memory-text.js';
import { modelJson } from '../../src/report/model-json.js';
import { summaryLines } from '../../src/report/summary-text.js';
import { within } from '../processor-time.js';
import { sweep } from '../sweep.js';
import { decodeAt, linuxMemory, linuxNames, linuxTruth } from './linux-dumps.js';

/** A root tree with this map, and nothing else. */
function root(generation: string, map: bigint): Uint8Array {
  return encodeBlob({
    kind: 'handover',
    generation,
    preservedMemoryMap: `0x${map.toString(16)}`,
    subtrees: [],
  }).bytes;
}

/** Pages of little-endian words at 0x1000, 0x2000, …. */
function pages(...list: readonly (readonly bigint[])[]): PhysicalMemory {
  return segmentsMemory(
    list.map((words, i) => {
      const bytes = new Uint8Array(4096);
      const view = new DataView(bytes.buffer);
      for (const [j, word] of words.entries()) view.setBigUint64(j * 8, word, true);
      return { address: (i + 1) * 4096, bytes };
    }),
    'a test',
  );
}

function codes(generation: string, memory: PhysicalMemory, pageSize = 4096): string[] {
  const { diagnostics, preservedMap } = decodeHandover(root(generation, 0x1000n), { memory, pageSize });
  expect(preservedMap?.complete).toBe(false);
  return diagnostics.map(({ code }) => code);
}

describe('damaged maps of kho-v1', () => {
  const one = 1n << 32n;
  test.each([
    ['a chunk that points to itself', pages([0x1000n, 0n]), 'map-chunk-loop'],
    ['a loop of two', pages([0x2000n, 0n], [0x1000n, 0n]), 'map-chunk-loop'],
    ['a count beyond capacity', pages([0n, 256n << 32n, 0n, 0x2000n], [1n]), 'map-chunk-count'],
    ['a bitmap at 0', pages([0n, one]), 'map-bitmap-pointer'],
    ['a bitmap above 2^52', pages([0n, one, 0n, 1n << 63n]), 'map-bitmap-pointer'],
    ['an order beyond 64 bits', pages([0n, one | 52n, 0n, 0x2000n], [1n]), 'map-order'],
    ['a start inside a block', pages([0n, one | 9n, 0x1000n, 0x2000n], [1n]), 'map-phys-start'],
    ['one bitmap twice', pages([0n, 2n << 32n, 0n, 0x2000n, 1n << 27n, 0x2000n], [1n]), 'map-bitmap-shared'],
    ['a next chunk that is not there', pages([0x9000n, 0n]), 'memory-absent'],
    ['a bitmap that is not there', pages([0n, one, 0n, 0x9000n]), 'memory-absent'],
    ['blocks beyond 64 bits of address', pages([0n, one | 51n, 0n, 0x2000n], [7n]), 'map-phys-start'],
  ] as const)('%s', (_, memory, code) => {
    expect(codes('kho-v1', memory)).toContain(code);
  });
});

describe('damaged maps of kho-v4', () => {
  test.each([
    ['a root that points to itself', pages([0x1000n]), 'radix-shared'],
    ['two slots to one node', pages([0x2000n, 0x2000n], []), 'radix-shared'],
    ['an address inside a page', pages([0x2008n], []), 'radix-pointer'],
    ['an address above 2^52', pages([1n << 60n]), 'radix-pointer'],
    ['a node that is not there', pages([0x9000n]), 'memory-absent'],
    ['keys too wide', pages([0n, 0n, 0n, 0n, 0x2000n], []), 'radix-key'],
    ['key 0', pages([0x2000n], [0x3000n], [0x4000n], [0x5000n], [0x6000n], [1n]), 'radix-key'],
    ['key 1', pages([0x2000n], [0x3000n], [0x4000n], [0x5000n], [0x6000n], [2n]), 'radix-key'],
  ] as const)('%s', (_, memory, code) => {
    expect(codes('kho-v4', memory)).toContain(code);
  });

  test('a tree of pages that all point to all pages is walked once', () => {
    const all = Array.from({ length: 512 }, (_, i) => BigInt(i + 1) * 4096n);
    const memory = pages(...all.map(() => all));
    const { diagnostics, preservedMap } = within(5000, () =>
      decodeHandover(root('kho-v4', 0x1000n), { memory, pageSize: 4096 }),
    );
    expect(preservedMap?.pages.length).toBeLessThanOrEqual(512);
    expect(diagnostics.length).toBeLessThan(60);
  });
});

/** Everything that prints a model, drawn to its end (at most 2^20 characters of it). */
function print(handover: Handover): void {
  let length = 0;
  for (const chunk of jsonChunks(modelJson(handover))) {
    length += chunk.length;
    if (length > 1 << 20) break;
  }
  for (const line of memoryLines(handover)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
  summaryLines(handover, undefined);
}

describe.each(linuxNames)('mutations of %s', (name) => {
  const memory = linuxMemory(name);
  const [truth] = linuxTruth(name);
  const pa = truth?.pa ?? 0;
  const handover = decodeAt(memory, pa);
  const { pageSize } = handover;
  /** Pages that hold structures: those of the map, of LUO, of the blobs. */
  const targets = [
    pa,
    ...(handover.preservedMap?.pages ?? []),
    ...(handover.subtrees ?? []).map(({ address }) => Number(address)),
    ...(handover.luo?.sessionBlocks ?? []).map(({ address }) => Number(address)),
    ...(handover.luo?.sessions ?? []).flatMap(({ origin, files = [] }) => [
      Number(origin.address),
      ...files.flatMap(({ origin: at, memfd }) => [
        Number(at.address),
        Number(memfd?.origin.address ?? pa),
        ...(memfd?.area.chunks ?? []),
      ]),
    ]),
  ].map((address) => Math.floor(address / pageSize) * pageSize);
  const known = [...new Set(targets)];

  test('are decoded, or reported, within bounded time', () => {
    const interesting = fc.constantFrom(
      0n,
      1n,
      BigInt(pa),
      ...known.slice(0, 40).map(BigInt),
      1n << 52n,
      (1n << 64n) - 1n,
    );
    const value = fc.oneof(interesting, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
    const change = fc.record({
      page: fc.nat({ max: known.length - 1 }),
      // Most structures are at the start of their page.
      offset: fc.oneof(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: pageSize / 8 - 1 })),
      value,
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const segments = changes.map((each) => {
          const bytes = new Uint8Array(8);
          new DataView(bytes.buffer).setBigUint64(0, each.value, true);
          return { address: (known[each.page] ?? pa) + each.offset * 8, bytes };
        });
        const mutated = overlay(segmentsMemory(segments, 'a change'), memory);
        const bytes = readTree(mutated, BigInt(pa));
        if (bytes === undefined) return;
        within(5000, () => print(decodeHandover(bytes, { memory: mutated, address: BigInt(pa) })));
      }),
      { numRuns: sweep(150, 20) },
    );
  });
});
