/** Handovers that no fixture has, made by the encoder from the models of those that were captured. */
import type { Generation, Handover } from '../../src/abi/model.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { original } from './upstream-damage.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
export type Document = any;

export interface Variant {
  readonly memory: PhysicalMemory;
  readonly handover: Handover;
  readonly address: bigint;
}

/** The model of a fixture as one writes it by hand: what is handed over, but not where its records are. */
export function documentOf(name: string): Document {
  const text = documents.get(name) ?? JSON.stringify(freeDocument(name));
  documents.set(name, text);
  return JSON.parse(text);
}

const documents = new Map<string, string>();

function freeDocument(name: string): Document {
  const { handover } = original(name);
  const document: Document = JSON.parse([...jsonChunks(modelJson(handover))].join(''));
  const { fdt: _fdt, preservedMemoryMap: _map, preservedMap, subtrees, ...rest } = document;
  delete rest.pageSizeReason;
  for (const part of [rest.luo, rest.khoTest, rest.memblock, rest.kexecMetadata]) delete part?.address;
  if (rest.khoTest !== undefined) {
    delete rest.khoTest.list;
    delete rest.khoTest.foliosInfo;
  }
  if (rest.luo !== undefined) withoutListAddresses(rest.luo);
  // What the records themselves take is preserved anew; here stays what they speak of.
  const preserved = { ...rest.preserved, ranges: undefined, pages: spokenOf(rest) };
  return {
    ...rest,
    preserved,
    preservedMap: {
      ...(preservedMap?.bitmapSize === undefined ? {} : { bitmapSize: preservedMap.bitmapSize }),
    },
    subtrees: subtrees.map(({ name: child }: { name: string }) => ({ name: child })),
  };
}

function withoutListAddresses(luo: Document): void {
  for (const key of ['sessionsAddress', 'sessionBlocks', 'flbsAddress']) delete luo[key];
  for (const session of luo.sessions ?? []) {
    for (const key of ['filesAddress', 'fileBlocks']) delete session[key];
    for (const file of session.files ?? []) {
      delete file.data;
      delete file.memfd?.list;
    }
  }
}

/** The preserved blocks that hold contents: folios of files and of kho_test, and memblock's regions. */
function spokenOf({ preserved, luo, khoTest, memblock, pageSize }: Document): Document[] {
  const inside: [bigint, bigint][] = [];
  for (const { start, size } of memblock?.regions ?? []) {
    inside.push([BigInt(start), BigInt(start) + BigInt(size)]);
  }
  for (const { address, order } of khoTest?.folios ?? []) {
    inside.push([BigInt(address), BigInt(address) + (BigInt(pageSize) << BigInt(order))]);
  }
  for (const session of luo?.sessions ?? [])
    for (const file of session.files ?? [])
      for (const { pfn, count = 1, step = 1 } of file.memfd?.folios ?? [])
        for (let i = 0; i < count; i++) {
          const start = (BigInt(pfn) + BigInt(i * step)) * BigInt(pageSize);
          inside.push([start, start + BigInt(pageSize)]);
        }
  inside.sort(([a], [b]) => (a < b ? -1 : 1));
  return preserved.pages.flatMap(({ address, order, count = 1 }: Document) => {
    const size = BigInt(pageSize) << BigInt(order);
    return Array.from({ length: count }, (_, i) => BigInt(address) + BigInt(i) * size)
      .filter((at) => meets(inside, at, at + size))
      .map((at) => ({ address: `0x${at.toString(16)}`, order }));
  });
}

/** Whether [from, to) meets one of the ranges, ascending, none of which ends after a later one. */
function meets(ranges: readonly (readonly [bigint, bigint])[], from: bigint, to: bigint): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[1] ?? 0n) > from) high = middle;
    else low = middle + 1;
  }
  const [start] = ranges[low] ?? [to];
  return start < to;
}

/** Lays a document out in memory and decodes it. */
export function placed(document: Document, options: Parameters<typeof decodeAt>[2] = {}): Variant {
  const { memory, fdtAddress } = upstreamMemory(document);
  return {
    memory,
    address: fdtAddress,
    handover: decodeAt(memory, fdtAddress, { pageSize: document.pageSize, ...options }),
  };
}

/** 7.0: LUO and memfd-v1 beside the chunks of kho-v1. */
export function seventh(edit: (document: Document) => void = () => {}): Variant {
  const document = documentOf('linux-7.1-live-update');
  edit(document);
  const { kexecMetadata: _metadata, preservedMap: _map, ...rest } = document;
  for (const session of rest.luo.sessions) {
    for (const file of session.files) {
      file.compatible = 'memfd-v1';
      delete file.memfd.seals;
      delete file.memfd.flags;
    }
  }
  return placed(
    {
      ...rest,
      generation: 'kho-v1',
      preservedMap: { bitmapSize: rest.pageSize },
      subtrees: document.subtrees.filter(({ name }: { name: string }) => name !== 'kexec-metadata'),
    },
    { form: 'bitmap-page' },
  );
}

/** kho-v2 never reached a release: 7.1's state in its form. */
export function secondGeneration(): Variant {
  const generation: Generation = 'kho-v2';
  const document = documentOf('linux-7.1-live-update');
  const children = document.subtrees.filter(({ name }: { name: string }) => name !== 'kexec-metadata');
  const { kexecMetadata: _metadata, ...rest } = document;
  return placed({ ...rest, generation, subtrees: children });
}
