/** Trimming cores of booted kernels: the same model, no other memory, and no byte that is not in the model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTree } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { readBytes } from '../../src/memory/read.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { BOOT_PARAMS } from '../../src/records/kho.js';
import { trimHandover } from '../../src/trim/trim.js';
import { coreMemory, decodeAt, linuxMemory, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { concat, fileBytes } from '../memory/bytes.js';
import { sweep } from '../sweep.js';
import {
  allBytes,
  type Canaries,
  countCanaries,
  decodeFound,
  modelText,
  planted,
  SECRET,
  SPARE,
  trimmed,
} from './canary.js';

const BOOT = 0x90000;
const ELEMENT = BOOT + 0x1100;

/** The way to the handover as a kernel is booted with it: boot_params, a seed, the element of type 10. */
function booted(
  memory: PhysicalMemory,
  payload: Uint8Array,
): { memory: PhysicalMemory; secret: Canaries['secret'] } {
  const head = new Uint8Array(BOOT_PARAMS.behindSetupData);
  const view = new DataView(head.buffer);
  view.setUint16(BOOT_PARAMS.bootFlag, 0xaa55, true);
  head.set(new TextEncoder().encode('HdrS'), BOOT_PARAMS.header);
  view.setBigUint64(BOOT_PARAMS.setupData, BigInt(BOOT + 0x1000), true);
  const seed = new Uint8Array(16);
  new DataView(seed.buffer).setBigUint64(0, BigInt(ELEMENT), true);
  new DataView(seed.buffer).setUint32(8, 9, true);
  new DataView(seed.buffer).setUint32(12, 32, true);
  const element = new Uint8Array(16);
  new DataView(element.buffer).setUint32(8, 10, true);
  new DataView(element.buffer).setUint32(12, payload.length, true);
  const scratch = Number(new DataView(payload.buffer, payload.byteOffset).getBigUint64(16, true));
  const regions = new Uint8Array(48);
  for (let i = 0; i < 6; i++)
    new DataView(regions.buffer).setBigUint64(i * 8, BigInt(0x1000_0000 * (i + 1)), true);
  const secret = [
    [BOOT + 0x20, BOOT + BOOT_PARAMS.bootFlag],
    [BOOT + BOOT_PARAMS.behindSetupData, BOOT + 0x1000],
    [BOOT + 0x1010, ELEMENT],
    [ELEMENT + 16 + payload.length, BOOT + 0x2000],
  ] as const;
  const segments = [
    { address: BOOT, bytes: head },
    { address: BOOT + 0x1000, bytes: seed },
    { address: ELEMENT, bytes: concat(element, payload) },
    { address: scratch, bytes: regions },
  ];
  return {
    memory: overlay(planted(memory, { secret, spare: [] }), segmentsMemory(segments, 'boot'), memory),
    secret,
  };
}

/** Canary places: all folios, reserve_mem, the test's folios; and after the records of their pages. */
function canariesOf(memory: PhysicalMemory, name: string, tree: number): Canaries {
  const handover = decodeAt(memory, tree);
  const { pageSize, memblock, khoTest, luo, subtrees = [] } = handover;
  const truth = linuxTruth(name).find(({ pa }) => pa === tree);
  const secret: [number, number][] = [];
  const spare: [number, number][] = [];
  for (const { folios } of truth?.luo?.sessions.flatMap(({ files }) => files) ?? []) {
    for (const [pfn] of [...folios.slice(0, 8), ...folios.slice(-8)])
      if (pfn > 0) secret.push([pfn * pageSize, (pfn + 1) * pageSize]);
  }
  for (const { start = 0n, size = 0n } of memblock?.regions ?? []) {
    secret.push(
      [Number(start), Number(start) + pageSize],
      [Number(start + size) - pageSize, Number(start + size)],
    );
  }
  for (const { address, order } of khoTest?.folios ?? []) {
    secret.push([Number(address), Number(address) + pageSize]);
    const end = Number(address) + pageSize * 2 ** order;
    secret.push([end - pageSize, end]);
  }
  const behind = (end: number): void => {
    spare.push([end, Math.ceil(end / pageSize) * pageSize]);
  };
  behind(tree + (readTree(memory, BigInt(tree))?.length ?? 0));
  for (const { address = 0n, size, blob } of subtrees)
    behind(Number(address + (size ?? BigInt(blob?.length ?? 0))));
  for (const area of [
    khoTest?.area,
    ...(luo?.sessions ?? []).flatMap(({ files = [] }) => files.map(({ memfd }) => memfd?.area)),
  ]) {
    const last = area?.chunks.at(-1);
    if (area === undefined || last === undefined) continue;
    // After the list's end and the 0 that ends it.
    const capacity = pageSize / 8 - 1;
    const used = area.runs.length - (area.chunks.length - 1) * capacity;
    behind(last + 8 * (1 + used + 1));
  }
  for (const { memfd } of (luo?.sessions ?? []).flatMap(({ files = [] }) => files)) {
    if (memfd === undefined || memfd.area.runSize !== pageSize) continue;
    const bytes = memfd.folios.length * 16;
    const run = memfd.area.runs[Math.floor(bytes / pageSize)];
    if (run !== undefined) behind(run + (bytes % pageSize));
  }
  for (const { address, count } of luo?.sessionBlocks ?? [])
    behind(Number(address) + 16 + Number(count) * 80);
  for (const { fileBlocks = [] } of luo?.sessions ?? []) {
    for (const { address, count } of fileBlocks) behind(Number(address) + 16 + Number(count) * 64);
  }
  return { secret, spare: spare.filter(([start, end]) => start < end) };
}

describe.each(linuxNames)('%s', (name) => {
  const original = linuxMemory(name);
  const machine = name.includes('arm64') ? 'arm64' : 'x86-64';

  describe.each(linuxTruth(name).map(({ pa }) => pa))('the tree at %d', (tree) => {
    const trim = (memory: PhysicalMemory, wholePages = false) => {
      const result = trimHandover(decodeAt(memory, tree), memory, { machine, wholePages });
      const bytes = concat(...[...result.chunks].map((chunk) => chunk.slice()));
      return { ...result, bytes, memory: coreMemory(bytes) };
    };

    test('the same model', () => {
      const { memory, refused } = trim(original);
      expect(modelText(decodeAt(memory, tree))).toBe(modelText(decodeAt(original, tree)));
      // It is the only tree that is left.
      expect(decodeFound(memory).fdtAddress).toBe(BigInt(tree));
      expect(refused).toBe(0);
    });

    test('no canary comes through', () => {
      const memory = planted(original, canariesOf(original, name, tree));
      const before = allBytes(memory);
      expect(countCanaries(before, SECRET)).toBeGreaterThan(1000);
      expect(countCanaries(before, SPARE)).toBeGreaterThan(1000);
      const expected = decodeAt(original, tree);
      for (const wholePages of [false, true]) {
        const small = trim(memory, wholePages);
        expect(small.refused).toBe(0);
        expect(countCanaries(small.bytes, SECRET)).toBe(0);
        if (!wholePages) expect(countCanaries(small.bytes, SPARE)).toBe(0);
        expect(modelText(decodeAt(small.memory, tree))).toBe(modelText(expected));
      }
    });

    test('every byte that is kept tells something: changing it changes the model', () => {
      const { memory } = trim(original);
      const places: number[] = [];
      for (const { start, end } of memory.known()) {
        const bytes = readBytes(memory, start, end - start) ?? new Uint8Array(0);
        for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) places.push(start + i);
      }
      expect(places.length).toBeGreaterThan(400);
      const expected = modelText(decodeAt(original, tree));
      const blob = readTree(original, BigInt(tree)) ?? new Uint8Array(0);
      fc.assert(
        fc.property(fc.nat(places.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
          const address = places[index] ?? 0;
          const [byte = 0] = readBytes(original, address, 1) ?? [];
          const changed = overlay(
            segmentsMemory([{ address, bytes: Uint8Array.of(byte ^ flip) }], 'a byte'),
            original,
          );
          const bytes = readBytes(changed, tree, blob.length) ?? blob;
          const handover = decodeHandover(bytes, { memory: changed, address: BigInt(tree) });
          expect(modelText(handover) === expected, address.toString(16)).toBe(false);
        }),
        { numRuns: sweep(40, 8) },
      );
    });
  });
});

const payloadOf = (name: string): string => join(fixtures, name, 'setup_data-type10.bin');

describe.each(linuxNames.filter((name) => existsSync(payloadOf(name))))('%s', (name) => {
  test('with the way to it: neither seed nor boot_params come through', () => {
    const { memory } = booted(linuxMemory(name), fileBytes(payloadOf(name)));
    const handover = decodeFound(memory);
    expect(handover.setupData?.element).toBe(BigInt(ELEMENT));
    expect(handover.scratch).toHaveLength(3);
    expect(countCanaries(allBytes(memory), SECRET)).toBeGreaterThan(1000);
    for (const wholePages of [false, true]) {
      const small = trimmed(memory, { wholePages });
      expect(countCanaries(small.bytes, SECRET)).toBe(0);
      expect(modelText(decodeFound(small.memory))).toBe(modelText(handover));
    }
  });
});
