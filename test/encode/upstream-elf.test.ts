import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { findTrees } from '../../src/decode/find.js';
import { encodeElf } from '../../src/encode/elf.js';
import { ModelError } from '../../src/encode/from-json.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { coreMemory, decodeAt, linuxMemory, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { concat } from '../memory/bytes.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
type Document = any;

function documentOf(handover: Handover): Document {
  return JSON.parse([...jsonChunks(modelJson(handover))].join(''));
}

const dumps = linuxNames.flatMap((name) => linuxTruth(name).map(({ pa }) => [name, pa] as const));

describe.each(dumps)('%s, the tree at %d', (name, pa) => {
  const memory = linuxMemory(name);
  const document = documentOf(decodeAt(memory, pa));

  test('a fresh core of its JSON decodes to the same JSON', () => {
    const { chunks, messages } = encodeElf(document);
    const core = coreMemory(concat(...chunks));
    const again = documentOf(decodeAt(core, pa));
    // The folios of kho_test are not in the cut core either: nothing to sum up.
    expect(again).toEqual(document);
    expect(messages).toEqual([
      expect.stringMatching(/^\d+ bytes of preserved memory are left out: the model does not hold file data/),
    ]);
    expect(findTrees(core).trees.flatMap(({ addresses }) => addresses)).toContain(BigInt(pa));
  });

  test('over its own memory nothing changes', () => {
    const { memory: placed, fdtAddress } = upstreamMemory(document, memory);
    expect(documentOf(decodeAt(placed, fdtAddress))).toEqual(document);
    for (const { start, end, state } of memory.known()) {
      if (state !== 'present') continue;
      const before = new Uint8Array(end - start);
      const after = new Uint8Array(end - start);
      memory.read(start, before.length, before);
      expect(placed.read(start, after.length, after)).toBe(after.length);
      if (!before.every((byte, i) => byte === after[i])) throw new Error(`memory changed after ${start}`);
    }
  });

  test('a model without addresses gets a place for everything', () => {
    const bare: Document = withoutAddresses(document);
    const { memory: placed, fdtAddress, messages } = upstreamMemory(bare);
    const decoded = decodeAt(placed, fdtAddress, { pageSize: document.pageSize });
    const again = withoutAddresses(documentOf(decoded));
    expect(decoded.diagnostics).toEqual([]);
    expect({ ...again, preserved: undefined }).toEqual({
      ...bare,
      preserved: undefined,
      pageSizeReason: undefined,
    });
    expect(messages).toHaveLength(1);
    // The map keeps what it kept, and every fresh page that something points to.
    for (const { start, end } of document.preserved.ranges) {
      expect(decoded.preserved?.pages?.covers(BigInt(start), BigInt(end))).toBe(true);
    }
    for (const { address, blob } of decoded.subtrees ?? []) {
      expect(
        decoded.preserved?.pages?.covers(address ?? 0n, (address ?? 0n) + BigInt(blob?.length ?? 1)),
      ).toBe(true);
    }
    expect(decoded.preserved?.pages?.covers(fdtAddress, fdtAddress + 1n)).toBe(true);
    for (const file of decoded.luo?.sessions?.flatMap(({ files = [] }) => files) ?? []) {
      expect(decoded.preserved?.pages?.covers(file.data, file.data + 1n)).toBe(true);
      for (const page of [...(file.memfd?.area.chunks ?? []), ...(file.memfd?.area.runs ?? [])]) {
        expect(decoded.preserved?.pages?.covers(page, page + 1)).toBe(true);
      }
    }
  });
});

test.each([0, 1, 511, 8192, 2 ** 32 - 1])('bitmaps of %d bytes are of no kernel', (bitmapSize) => {
  const document = {
    ...{ kind: 'handover', generation: 'kho-v1', pageSize: 4096, subtrees: [] },
    preserved: { pages: [{ address: '0x1000', order: 0 }] },
    preservedMap: { form: 'chunks', bitmapSize },
  };
  expect(() => upstreamMemory(document)).toThrow(new ModelError('preservedMap.bitmapSize: not 512 or 4096'));
  const { memory } = upstreamMemory({ ...document, preservedMap: { form: 'chunks', bitmapSize: 512 } });
  expect(() => upstreamMemory({ ...document, preservedMemoryMap: '0x2000' }, memory)).toThrow(ModelError);
});

/** A document as one writes it by hand: what is preserved and what LUO holds, but not where the records are. */
function withoutAddresses(document: Document): Document {
  const {
    fdt: _fdt,
    preservedMemoryMap: _map,
    pageSizeReason: _reason,
    preservedMap,
    subtrees,
    ...rest
  } = structuredClone(document);
  delete preservedMap.bitmapReason;
  const { luo, khoTest, memblock, kexecMetadata } = rest;
  for (const part of [luo, khoTest, memblock, kexecMetadata]) delete part?.address;
  if (khoTest !== undefined) {
    delete khoTest.list;
    delete khoTest.foliosInfo;
  }
  if (luo !== undefined) {
    for (const key of ['sessionsAddress', 'sessionBlocks', 'flbsAddress']) delete luo[key];
    for (const session of luo.sessions) {
      for (const key of ['filesAddress', 'fileBlocks']) delete session[key];
      for (const file of session.files) {
        delete file.data;
        delete file.memfd.list;
      }
    }
  }
  return {
    ...rest,
    preservedMap,
    subtrees: subtrees.map(({ name }: { name: string }) => ({ name })),
  };
}
