/** A tree in memory with one fault is a damaged tree, not somebody else's memory: all of it comes back from its document. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { foreignParts } from '../../src/fdt/blob-parts.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { FDT_HEADER_SIZE, FdtToken } from '../../src/records/fdt.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { blobPaths, fixtures } from '../fixtures.js';
import { sweep } from '../sweep.js';

const ADDRESS = 0x10_0000;

/** Whether decoding a blob that is in memory keeps it. */
function isKept(bytes: Uint8Array): boolean {
  const memory = segmentsMemory([{ address: ADDRESS, bytes }], 'tree');
  const handover = decodeHandover(bytes, { memory, address: BigInt(ADDRESS) });
  const json = [...jsonChunks(modelJson(handover))].join('');
  return Buffer.compare(encodeBlob(JSON.parse(json)).bytes, bytes) === 0;
}

const VALUES = [0, 1, 0x38, 0x1000, 0x10_0000, 0x0400_0000, 0xffff_ffff];

/** Each fault, in words, and the tree with it. */
function* faults(bytes: Uint8Array): Generator<readonly [what: string, bytes: Uint8Array]> {
  const changed = (at: number, value: number): Uint8Array => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, value);
    return copy;
  };
  // The magic makes it a tree.
  for (let at = 4; at < FDT_HEADER_SIZE; at += 4)
    for (const value of VALUES) yield [`header word ${at} is ${value}`, changed(at, value)];
  const tree = parseFdt(bytes);
  for (let i = 0; i < tree.count; i++) {
    const at = tree.at[i] ?? 0;
    for (const value of [0, 7, 0xffff_ffff]) yield [`token at ${at} is ${value}`, changed(at, value)];
    if (tree.kind[i] !== FdtToken.prop) continue;
    for (const value of VALUES) {
      yield [`length at ${at + 4} is ${value}`, changed(at + 4, value)];
      yield [`name at ${at + 8} is ${value}`, changed(at + 8, value)];
    }
  }
  for (let end = FDT_HEADER_SIZE; end < bytes.length; end += 4)
    yield [`cut at ${end}`, bytes.subarray(0, end)];
}

test.each(blobPaths().map((path) => [relative(fixtures, path), path]))('%s', (_name, path) => {
  const bytes = new Uint8Array(readFileSync(path));
  const lost: string[] = [];
  const each = sweep(1, 13);
  let i = 0;
  for (const [what, broken] of faults(bytes)) if (i++ % each === 0 && !isKept(broken)) lost.push(what);
  expect(lost).toEqual([]);
});

/** Somebody else's words. */
const OTHERS: readonly (readonly [string, (i: number) => number])[] = [
  ['letters', (i) => 0x6b65_7900 + 0x61 + (i % 26)],
  ['names', (i) => (i % 9 === 0 ? 0x6b65_7900 : 0x6b65_7961 + (i % 26))],
  ['kernel addresses', (i) => (i % 2 === 0 ? Math.imul(i + 1, 0x9e37_79b1) >>> 0 : 0x8088_ffff)],
];

test.each(OTHERS)('%s after the header of a tree, or its first token, are no tree', (_name, word) => {
  const bytes = new Uint8Array(4096);
  bytes.set(readFileSync(blobPaths()[0] ?? ''));
  const { structStart, header } = parseFdt(bytes);
  for (const from of [structStart, structStart + 8]) {
    const foreign = bytes.slice();
    const view = new DataView(foreign.buffer);
    for (let i = from; i < foreign.length; i += 4) view.setUint32(i, word(i / 4));
    view.setUint32(4, header?.totalsize ?? 0);
    const parts = foreignParts(parseFdt(foreign));
    expect(parts[0]?.[0], `from ${from}`).toBeLessThanOrEqual(from + 4);
    expect(parts.at(-1)?.[1]).toBe(foreign.length);
  }
});
