import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { FDT_DIAGNOSTICS } from '../../src/fdt/diagnostics.js';
import { dtsLines } from '../../src/fdt/dts.js';
import { type FdtImage, fromImage, toImage } from '../../src/fdt/image.js';
import { imageFromJson } from '../../src/fdt/image-from-json.js';
import { imageToJson } from '../../src/fdt/image-json.js';
import { needsLayout, relayout } from '../../src/fdt/image-layout.js';
import { type FdtTree, parseFdt } from '../../src/fdt/parse.js';
import { children, nodeNameBytes, properties, propertyNameBytes, propertyValue } from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';
import { sweep } from '../sweep.js';
import { anyBlob, anyMutation, anyProgram, type Call, mutate, play } from './arbitraries.js';
import { fixtureBlobs } from './fixture-files.js';
import { rewrite } from './rewrite.js';
import { workedBlob } from './worked-blob.js';

const cases = new Map<string, number>();
const count = (name: string): void => {
  cases.set(name, (cases.get(name) ?? 0) + 1);
};
afterAll(() => {
  for (const [name, n] of cases) console.log(`${n} cases: ${name}`);
});

/** The calls that the tokens of a tree stand for. */
function callsOf(tree: FdtTree): Call[] {
  const calls: Call[] = tree.reserveMap.map(({ address, size }) => ({ call: 'reserve', address, size }));
  for (let i = 0; i < tree.count; i++) {
    const node = nodeNameBytes(tree, i);
    const name = propertyNameBytes(tree, i);
    const value = propertyValue(tree, i);
    if (node !== undefined) calls.push({ call: 'begin', name: node });
    else if (name !== undefined && value !== undefined) calls.push({ call: 'prop', name, value });
    else if (tree.kind[i] === FdtToken.endNode) calls.push({ call: 'end' });
  }
  return calls;
}

test('what is written is read: names, values, order, reserve map', () => {
  fc.assert(
    fc.property(anyProgram, (calls) => {
      count('program -> blob -> tree');
      const blob = play(createFdtWriter(), calls);
      const tree = parseFdt(blob);
      expect(tree.diagnostics.filter(({ code }) => FDT_DIAGNOSTICS[code].scope !== 'tree')).toEqual([]);
      expect(callsOf(tree)).toEqual(calls);
      expect(rewrite(tree)).toEqual(blob);
      const image = toImage(tree);
      expect(image.gaps).toEqual([]);
      expect(needsLayout(image)).toBe(false);
    }),
    { numRuns: sweep(500, 200) },
  );
});

test('duplicate names are found exactly where a name repeats', () => {
  fc.assert(
    fc.property(anyProgram, (calls) => {
      count('duplicates against a nested search');
      const tree = parseFdt(play(createFdtWriter(), calls));
      const expected = { 'duplicate-node': 0, 'duplicate-property': 0 };
      const key = (bytes: Uint8Array | undefined): string => (bytes ?? []).join();
      for (let i = 0; i < tree.count; i++) {
        const nodes = [...children(tree, i)].map((node) => key(nodeNameBytes(tree, node)));
        const names = [...properties(tree, i)].map((property) => key(propertyNameBytes(tree, property)));
        expected['duplicate-node'] += nodes.length - new Set(nodes).size;
        expected['duplicate-property'] += names.length - new Set(names).size;
      }
      const found = { 'duplicate-node': 0, 'duplicate-property': 0 };
      for (const { code, count } of tree.diagnostics) {
        if (code === 'duplicate-node' || code === 'duplicate-property') found[code] += count;
      }
      expect(found).toEqual(expected);
    }),
    { numRuns: sweep(300, 150) },
  );
});

/** The law, and everything that must not throw. */
function obeys(bytes: Uint8Array): void {
  const tree = parseFdt(bytes);
  const image = toImage(tree);
  expect(Buffer.from(fromImage(image)).equals(bytes)).toBe(true);
  expect(needsLayout(image)).toBe(false);
  const json: unknown = JSON.parse(JSON.stringify(imageToJson(image, tree)));
  expect(Buffer.from(fromImage(imageFromJson(json))).equals(bytes)).toBe(true);
  const sameScope = tree.diagnostics.filter(({ code }) => FDT_DIAGNOSTICS[code].scope !== 'tree');
  expect(checkFdt(bytes)).toEqual(sameScope.map(({ path: _, ...diagnostic }) => diagnostic));
  for (const line of dtsLines(tree)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may come out of the blob
    expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  expectSound(tree);
  if (image.header !== undefined) expectLaidOut(image);
}

function expectSound(tree: FdtTree): void {
  for (let i = 0; i < tree.count; i++) {
    const parent = tree.parent[i] ?? 0;
    const next = tree.next[i] ?? 0;
    if (parent >= i || (parent >= 0 && tree.kind[parent] !== FdtToken.beginNode)) {
      throw new Error(`token ${i} has parent ${parent}`);
    }
    if (next > tree.count || (next <= i && i < tree.count - 1))
      throw new Error(`token ${i} has next ${next}`);
  }
}

/** A fresh layout is one that parses to the same tokens without the layout's faults. */
function expectLaidOut(image: FdtImage): void {
  const again = toImage(parseFdt(fromImage(relayout({ ...image, header: sane(image) }))));
  expect([...again.tokens]).toEqual([...image.tokens]);
  expect(again.strings).toEqual(image.strings);
  expect(again.reserveMap).toEqual(image.reserveMap);
  expect(again.complete).toBe(true);
}

function sane(image: FdtImage): NonNullable<FdtImage['header']> {
  const { header } = image;
  if (header === undefined) throw new Error('no header');
  return { ...header, magic: 0xd00dfeed, version: 17, lastCompVersion: 16 };
}

test('mutated blobs: no throw, the same bytes back, the same verdict from both readers', () => {
  fc.assert(
    fc.property(anyBlob, fc.array(anyMutation, { minLength: 1, maxLength: 4 }), (blob, mutations) => {
      count('mutated random blob');
      obeys(mutate(blob, mutations));
    }),
    { numRuns: sweep(1000, 300) },
  );
});

test('mutated real blobs', () => {
  const real = [workedBlob(), ...fixtureBlobs().map(([, bytes]) => bytes)].filter(
    ({ length }) => length < 2000,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...real),
      fc.array(anyMutation, { minLength: 1, maxLength: 4 }),
      (blob, mutations) => {
        count('mutated real blob');
        obeys(mutate(blob, mutations));
      },
    ),
    { numRuns: sweep(500, 200) },
  );
});

test('random bytes, with and without a magic', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, withMagic) => {
      count('random bytes');
      if (withMagic) bytes.set([0xd0, 0x0d, 0xfe, 0xed].slice(0, bytes.length));
      obeys(bytes);
    }),
    { numRuns: sweep(500, 200) },
  );
});

test('every truncation of the worked example', () => {
  const blob = workedBlob();
  for (let size = 0; size < blob.length; size += size < 64 ? 1 : sweep(1, 3)) {
    count('truncation');
    const bytes = blob.subarray(0, size);
    obeys(bytes);
    const codes = parseFdt(bytes).diagnostics.map(({ code }) => code);
    expect(codes).toEqual([size < 40 ? 'file-too-short' : 'truncated-file']);
  }
});
