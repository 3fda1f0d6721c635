/** Typed parts against fdt.tree: the typed parts win, order and the rest stay. */
import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { ModelError } from '../../src/encode/from-json.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { children, findNode, findProperty, nodeName, properties, propertyName } from '../../src/fdt/tree.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { rfcFiles } from '../fixtures.js';

const original = new Uint8Array(readFileSync(rfcFiles('two-vms').blob));

// biome-ignore lint/suspicious/noExplicitAny: the document is edited as the JSON that it is
let document: any;
beforeEach(() => {
  document = JSON.parse([...jsonChunks(modelJson(decodeHandover(original)))].join(''));
});

function names(bytes: Uint8Array, path: string): (string | undefined)[] {
  const tree = parseFdt(bytes);
  return [...children(tree, findNode(tree, path))].map((node) => nodeName(tree, node));
}

test('unchanged: the same bytes, nothing to say', () => {
  expect(encodeBlob(document)).toEqual({ bytes: original, messages: [] });
});

test('an unknown property and the order of nodes stay, an edited value is used', () => {
  const { tree } = document.fdt;
  const at = tree.findIndex((token: { node?: string }) => token.node === 'guestmemfs');
  tree.splice(at + 1, 0, { prop: 'vendor,extra', value: '0102' });
  delete document.fdt.gaps;
  document.iommufds[0].ioases[0].areas[1].iovaLen = '0x40000';
  const { bytes, messages } = encodeBlob(document);
  expect(messages).toEqual([
    '/iommufd/iommufds/1/ioases/1/1/iova-len: fdt.tree differs; the typed value is used',
  ]);
  expect(names(bytes, '/')).toEqual(names(original, '/'));
  expect(decodeHandover(bytes).iommufds?.[0]?.ioases?.[0]?.areas[1]?.iovaLen).toBe(0x40000n);
  expect(new TextDecoder().decode(bytes)).toContain('vendor,extra');
});

test('a renamed property that keeps its old nameOffset is not renamed, and said so', () => {
  const blob = new Uint8Array(readFileSync('fixtures/linux-7.3-arm64-16k/firmware-fdt.dtb'));
  const json = JSON.parse([...jsonChunks(modelJson(decodeHandover(blob)))].join(''));
  const { tree } = json.fdt;
  const at = tree.findIndex((token: { prop?: string }) => token.prop === 'bootargs');
  tree[at].prop = 'bootargz';
  expect(encodeBlob(json)).toEqual({
    bytes: blob,
    messages: [
      `fdt.tree[${at}]: prop is not the name at its nameOffset, which takes precedence; leave out nameOffset to rename`,
    ],
  });
  delete tree[at].nameOffset;
  const { bytes, messages } = encodeBlob(json);
  expect(messages).toEqual([]);
  const renamed = parseFdt(bytes);
  expect(findProperty(renamed, findNode(renamed, '/chosen'), 'bootargz')).toBeGreaterThan(0);
});

test('a node taken out of the typed parts is taken out, and said so', () => {
  document.domains.splice(0, 1);
  const { bytes, messages } = encodeBlob(document);
  expect(messages).toEqual(['/intel-iommu/domains/1: removed; the typed part does not have it']);
  expect(names(bytes, '/intel-iommu/domains')).toEqual(['7']);
});

test('a node put in is where the writer would put it', () => {
  document.domains.splice(1, 0, { persistentId: '0x3', pgd: '0x1000', agaw: 2, mem: [], devices: [] });
  const { bytes, messages } = encodeBlob(document);
  expect(messages).toEqual(['/intel-iommu/domains/3: added from the typed part']);
  expect(names(bytes, '/intel-iommu/domains')).toEqual(['1', '3', '7']);
  expect(decodeHandover(bytes).diagnostics).toEqual([]);
});

test('a whole subsystem taken out', () => {
  delete document.guestmemfs;
  const { bytes } = encodeBlob(document);
  expect(names(bytes, '/')).toEqual(['intel-iommu', 'iommufd']);
});

/** Names of a node's properties, in blob order. */
function propertyNames(bytes: Uint8Array, path: string): (string | undefined)[] {
  const tree = parseFdt(bytes);
  return [...properties(tree, findNode(tree, path))].map((token) => propertyName(tree, token));
}

test.each([
  ['all', []],
  ['the first two', [2, 3]],
  ['the last two', [0, 1]],
  ['two in the middle', [0, 3]],
  ['the first and the third', [1, 3]],
])('properties that fdt.tree lacks stand where the writer puts them: %s', (_what, kept) => {
  const path = '/intel-iommu/domains/1';
  const order = propertyNames(original, path);
  expect(order.length).toBeGreaterThanOrEqual(4);
  const { tree } = document.fdt;
  const at = tree.findIndex((token: { prop?: string }) => token.prop === order[0]);
  const stay = order.map((_, i) => i > 3 || (kept as readonly number[]).includes(i));
  document.fdt.tree = tree.filter(
    (_: unknown, i: number) => i < at || i >= at + order.length || stay[i - at],
  );
  delete document.fdt.gaps;
  const { bytes, messages } = encodeBlob(document);
  expect(propertyNames(bytes, path)).toEqual(order);
  expect(messages).toEqual(
    order.filter((_, i) => !stay[i]).map((name) => `${path}/${name}: added from the typed part`),
  );
  expect(decodeHandover(bytes).diagnostics).toEqual([]);
});

test('nodes that fdt.tree lacks stand where the writer puts them, several in their order', () => {
  const typed = (id: string) => ({ persistentId: id, pgd: '0x1000', agaw: 2, mem: [], devices: [] });
  document.domains.splice(1, 0, typed('0x3'), typed('0x4'), typed('0x5'));
  document.domains.unshift(typed('0x9'), typed('0x8'));
  const { bytes } = encodeBlob(document);
  expect(names(bytes, '/intel-iommu/domains').slice(0, 4)).toEqual(['1', '3', '4', '5']);
  expect(decodeHandover(bytes).domains?.length).toBe(document.domains.length);
});

test('a value edited in fdt.tree alone loses against the typed part', () => {
  const token = document.fdt.tree.find(({ prop }: { prop?: string }) => prop === 'pgd');
  token.value = '0010000000000000';
  const { bytes, messages } = encodeBlob(document);
  expect(bytes).toEqual(original);
  expect(messages).toEqual(['/intel-iommu/domains/1/pgd: fdt.tree differs; the typed value is used']);
});

test('of two nodes with one name each keeps its own', () => {
  document.iommufds.push({ ...document.iommufds[0], ioases: [] });
  const { bytes } = encodeBlob(document);
  const { iommufds } = decodeHandover(bytes);
  expect(iommufds?.map(({ persistentId, ioases }) => [persistentId, ioases?.length])).toEqual([
    [1n, 2],
    [7n, 1],
    [1n, 0],
  ]);
});

test.each([
  ['domains[0].pgd', (d: typeof document) => (d.domains[0].pgd = 'x')],
  ['domains[0].mem[2].len', (d: typeof document) => (d.domains[0].mem[2].len = -1)],
  ['iommufds[1].ioases', (d: typeof document) => (d.iommufds[1].ioases = {})],
  ['domains[0].devices[0].bus', (d: typeof document) => (d.domains[0].devices[0].bus = 256)],
  ['fdt.tree[3]', (d: typeof document) => (d.fdt.tree[3] = 7)],
])('a bad value is named by its place: %s', (place, edit) => {
  edit(document);
  expect(() => encodeBlob(document)).toThrow(ModelError);
  expect(() => encodeBlob(document)).toThrow(place);
});
