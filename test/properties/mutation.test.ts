/** Damage of any kind to a real dump gives a model with diagnostics and a validation, never an exception. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { rootNode } from '../../src/fdt/tree.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { treeLines } from '../../src/report/tree-text.js';
import { validateLines } from '../../src/report/validate-text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { rfcFiles, rfcNames } from '../fixtures.js';
import { sweep } from '../sweep.js';

const BLOB_RUNS = sweep(150, 15);
const CORE_RUNS = sweep(25, 3);
let cases = 0;
afterAll(() => {
  process.stdout.write(`mutation: ${cases} damaged dumps decoded, validated, printed and encoded\n`);
});

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(...[0, 1, 0x7f, 0x80, 0xff].map((byte) => new Uint8Array(8).fill(byte))),
  ),
});

/** Overwrites, cuts or lengthens. */
const damage = fc.record({
  edits: fc.array(edit, { minLength: 1, maxLength: 6 }),
  cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
});

function damaged(
  bytes: Uint8Array,
  { edits, cut }: { edits: { at: number; bytes: Uint8Array }[]; cut: number | null },
) {
  const copy = bytes.slice(0, cut === null ? bytes.length : Math.floor(cut * bytes.length));
  for (const { at, bytes: patch } of edits) {
    const start = Math.floor(at * copy.length);
    copy.set(patch.subarray(0, copy.length - start), start);
  }
  return copy;
}

/** Everything that the command line does with a dump. */
function use(blob: Uint8Array, memory?: PhysicalMemory, address?: bigint): void {
  cases++;
  const handover = decodeHandover(blob, {
    assume: 'rfc-2024',
    ...(memory === undefined ? {} : { memory }),
    ...(address === undefined ? {} : { address }),
  });
  const result = validate(handover, catalogue);
  for (const _ of validateLines('x', handover, result, catalogue));
  if (handover.tree !== undefined) for (const _ of treeLines(handover, rootNode(handover.tree)));
  const json = [...jsonChunks(modelJson(handover))].join('');
  expect(encodeBlob(JSON.parse(json)).bytes).toEqual(blob);
}

describe.each(rfcNames)('%s', (name) => {
  const { blob, memory } = rfcFiles(name);
  const blobBytes = new Uint8Array(readFileSync(blob));
  const coreBytes = new Uint8Array(gunzipSync(readFileSync(memory)));

  test('a damaged blob', () => {
    fc.assert(
      fc.property(damage, (how) => use(damaged(blobBytes, how))),
      { numRuns: BLOB_RUNS },
    );
  });

  test('a damaged blob over its memory', () => {
    const file = bytesAccess(coreBytes);
    const { core } = parseElfCore(file);
    if (core === undefined) throw new Error('the fixture cannot be read');
    const behind = elfMemory(file, core);
    const address = findTrees(behind).trees[0]?.addresses[0];
    fc.assert(
      fc.property(damage, (how) => use(damaged(blobBytes, how), behind, address)),
      { numRuns: CORE_RUNS },
    );
  });

  test('a damaged core', () => {
    // Most of a core is file data: aim at the structures, which are at known places.
    const places = structurePlaces(coreBytes);
    const spot = fc.record({
      place: fc.nat(places.length - 1),
      offset: fc.nat(4095),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(fc.array(spot, { minLength: 1, maxLength: 4 }), (spots) => {
        const copy = coreBytes.slice();
        for (const { place, offset, bytes } of spots) {
          const start = (places[place] ?? 0) + offset;
          copy.set(bytes.subarray(0, Math.max(0, copy.length - start)), start);
        }
        const file = bytesAccess(copy);
        const { core } = parseElfCore(file);
        if (core === undefined) return;
        const memory = elfMemory(file, core);
        for (const { bytes, addresses } of findTrees(memory).trees) use(bytes, memory, addresses[0]);
      }),
      { numRuns: CORE_RUNS },
    );
  });
});

/** File offsets of the pages of a core that are not all zero. */
function structurePlaces(core: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 0; at < core.length; at += 4096) {
    if (core.subarray(at, at + 4096).some((byte) => byte !== 0)) places.push(at);
  }
  return places;
}
