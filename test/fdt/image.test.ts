import { expect, test } from 'vitest';
import { type FdtImage, fromImage, toImage } from '../../src/fdt/image.js';
import { imageFromJson } from '../../src/fdt/image-from-json.js';
import { imageToJson } from '../../src/fdt/image-json.js';
import { mismatchedNames, needsLayout, relayout } from '../../src/fdt/image-layout.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { findNode, findProperty, propertyNameOffset, propertyValue } from '../../src/fdt/tree.js';
import { begin, blob, end, endNode, nop, prop, raw, text, word } from './token-builder.js';
import { workedBlob } from './worked-blob.js';

const image = (bytes: Uint8Array): FdtImage => toImage(parseFdt(bytes));
const utf8 = (name: string): Uint8Array => new TextEncoder().encode(name);

test('odd padding, holes and bytes after the blocks are gaps', () => {
  const bytes = blob({
    struct: [begin(''), word(3), word(1), word(0), raw(5, 0, 0xaa, 0), endNode, end, raw(1, 0, 2, 0)],
    strings: [text('a')],
    terminator: [9n, 0n],
    structShift: 8,
    trailing: Uint8Array.of(7),
  });
  bytes[41] = 0xbb;
  const { gaps, rest } = image(bytes);
  expect(gaps.map(({ offset, bytes }) => [offset, ...bytes])).toEqual([
    [41, 0xbb],
    [55, 9],
    [94, 0xaa],
    // joined over the zero between, since no block is there
    [104, 1, 0, 2],
    [110, 7],
  ]);
  expect(rest).toEqual({ struct: 4, strings: 0, map: 8 });
});

test('an edited value is not overwritten by the odd padding beside it', () => {
  const bytes = blob({
    struct: [begin(''), word(3), word(3), word(0), raw(5, 5, 5, 0xaa), endNode, end],
    strings: [text('a')],
  });
  const edited = imageFromJson(JSON.parse(JSON.stringify(imageToJson(image(bytes), parseFdt(bytes)))));
  const tokens = [...edited.tokens].map((token) =>
    token.kind === 'prop' ? { ...token, value: Uint8Array.of(1, 2, 3) } : token,
  );
  expect([...fromImage({ ...edited, tokens }).subarray(84, 88)]).toEqual([1, 2, 3, 0xaa]);
});

test('the JSON form is that of the model', () => {
  const bytes = blob({
    reserve: [[2n ** 63n, 2n ** 64n - 1n]],
    struct: [begin(''), nop, prop(0, [1, 255]), begin('x'), prop(77, []), endNode, endNode, end],
    strings: [text('a')],
  });
  const json = imageToJson(image(bytes), parseFdt(bytes));
  expect(json.reserveMap).toEqual([{ address: '0x8000000000000000', size: '0xffffffffffffffff' }]);
  expect(json.strings).toBe('6100');
  expect(json.tree).toEqual([
    { node: '' },
    { nop: true },
    { prop: 'a', nameOffset: 0, value: '01ff' },
    { node: 'x' },
    { nameOffset: 77, value: '' },
    { end: true },
    { end: true },
  ]);
  expect(json).not.toHaveProperty('complete');
  expect(json).not.toHaveProperty('rest');
});

test('names that are not UTF-8 stand as hex too and survive', () => {
  const bytes = blob({
    struct: [begin(''), prop(0, []), word(1), raw(0xc3, 0x28, 0, 0), endNode, endNode, end],
    strings: [raw(0xff, 0)],
  });
  const json = imageToJson(image(bytes), parseFdt(bytes));
  expect(json.tree[1]).toEqual({ prop: '\ufffd', propBytes: 'ff', nameOffset: 0, value: '' });
  expect(json.tree[2]).toEqual({ node: '\ufffd(', nodeBytes: 'c328' });
  const back = imageFromJson(JSON.parse(JSON.stringify(json)));
  expect(fromImage(back)).toEqual(bytes);
  expect(mismatchedNames(back)).toEqual([]);
});

test('a text that starts with a byte order mark survives', () => {
  const bytes = blob({ struct: [begin(''), begin('\ufeffa'), endNode, endNode, end] });
  const json: unknown = JSON.parse(JSON.stringify(imageToJson(image(bytes), parseFdt(bytes))));
  expect(fromImage(imageFromJson(json))).toEqual(bytes);
});

const good = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(imageToJson(image(workedBlob()), parseFdt(workedBlob()))));

test.each<[string, (json: Record<string, unknown>) => unknown]>([
  ['fdt: not an object', () => []],
  ['fdt.size: not an integer from 0 to 4294967295', (json) => ({ ...json, size: -1 })],
  [
    'fdt.size: 4294967295 bytes for a tree of about 1366',
    (json) => ({ ...json, size: 0xffffffff, strings: '' }),
  ],
  ['fdt.strings: not hex', (json) => ({ ...json, strings: '0' })],
  ['fdt.tree: not an array', ({ tree: _, ...json }) => json],
  ['fdt.tree[0].value: not hex', (json) => ({ ...json, tree: [{ prop: 'a', nameOffset: 0, value: 'xx' }] })],
  ['fdt.tree[0].value: not a string', (json) => ({ ...json, tree: [{ prop: 'a', nameOffset: 0 }] })],
  ['fdt.tree[1]: neither node, prop, nop nor end', (json) => ({ ...json, tree: [{ node: '' }, { nop: 1 }] })],
  ['fdt.tree[0].node: a NUL in a name', (json) => ({ ...json, tree: [{ node: 'a\0' }] })],
  ['fdt.tree[0].nodeBytes: not hex', (json) => ({ ...json, tree: [{ node: 'a', nodeBytes: 'g0' }] })],
  ['fdt.tree[0].prop: not a string', (json) => ({ ...json, tree: [{ value: '' }] })],
  ['fdt.complete: not a boolean', (json) => ({ ...json, complete: 'no' })],
  ['fdt.header.magic: not an integer from 0 to 4294967295', (json) => ({ ...json, header: {} })],
  ['fdt.header: unknown field "total"', (json) => ({ ...json, header: { total: 1 } })],
  [
    'fdt.reserveMap[0].size: not 0x and up to 16 hex digits',
    (json) => ({
      ...json,
      reserveMap: [{ address: '0x1', size: '12' }],
    }),
  ],
  ['fdt.gaps[0]: ends beyond size 1041', (json) => ({ ...json, gaps: [{ offset: 1041, bytes: '00' }] })],
  ['fdt.rest.struct: not an integer', (json) => ({ ...json, rest: { struct: '1', strings: 0, map: 0 } })],
])('%s', (message, edit) => {
  expect(() => imageFromJson(edit(good()))).toThrow(new Error(message));
});

test('a renamed property with its old offset is told', () => {
  const json = good();
  const tree = json.tree as Record<string, unknown>[];
  tree[1] = { ...tree[1], prop: 'compatibel' };
  expect(mismatchedNames(imageFromJson(json))).toEqual([1]);
});

test('tokens added to the JSON get their names and a new layout', () => {
  const json = good();
  const tree = json.tree as Record<string, unknown>[];
  tree.splice(
    2,
    0,
    { prop: 'patible', value: '00' },
    { prop: 'new', value: '0102' },
    { prop: 'ew', value: '' },
  );
  const edited = imageFromJson(json);
  expect(needsLayout(edited)).toBe(true);
  expect(() => fromImage(edited)).toThrow('without a name offset');
  const laidOut = relayout(edited);
  const read = parseFdt(fromImage(laidOut));
  expect(read.diagnostics).toEqual([]);
  expect(propertyValue(read, findProperty(read, 0, 'new'))).toEqual(Uint8Array.of(1, 2));
  // a tail of "compatible" is found, a new name goes after the block, its tail is found there
  expect(propertyNameOffset(read, findProperty(read, 0, 'patible'))).toBe(0x65);
  expect(propertyNameOffset(read, findProperty(read, 0, 'new'))).toBe(0x6d);
  expect(propertyNameOffset(read, findProperty(read, 0, 'ew'))).toBe(0x6e);
  expect(findNode(read, '/iommufd/iommufds/2/ioases/1')).toBeGreaterThan(0);
  expect(needsLayout(laidOut)).toBe(false);
});

test('removed tokens and reserve map entries make the blob smaller', () => {
  const before = image(workedBlob());
  const tokens = [...before.tokens].filter((_, i) => i !== 1);
  expect(needsLayout({ ...before, tokens })).toBe(true);
  const bytes = fromImage(relayout({ ...before, tokens, reserveMap: [{ address: 1n, size: 2n }] }));
  const read = parseFdt(bytes);
  expect(read.diagnostics).toEqual([]);
  expect(bytes.length).toBe(1041 - 20 + 16);
  expect(read.reserveMap).toEqual([{ address: 1n, size: 2n }]);
});

test('an edited reserve map is seen in the JSON form too', () => {
  const json = { ...good(), reserveMap: [{ address: '0x1', size: '0x2' }] };
  const edited = imageFromJson(json);
  expect(needsLayout(edited)).toBe(true);
  const read = parseFdt(fromImage(relayout(edited)));
  expect(read.diagnostics).toEqual([]);
  expect(read.reserveMap).toEqual([{ address: 1n, size: 2n }]);
});

test('a tree without a header gets the one of fdt_create_empty_tree', () => {
  const tree = [{ node: '' }, { prop: 'a', value: '01' }, { end: true }];
  const bytes = fromImage(relayout(imageFromJson({ size: 0, tree })));
  const read = parseFdt(bytes);
  expect(read.diagnostics).toEqual([]);
  expect(read.header).toMatchObject({
    offMemRsvmap: 0x28,
    offDtStruct: 0x38,
    version: 17,
    lastCompVersion: 16,
  });
  expect(propertyValue(read, findProperty(read, 0, 'a'))).toEqual(Uint8Array.of(1));
});

test('a header that points far away does not make a large blob', () => {
  const bytes = blob({ header: { offDtStruct: 0xfffffff0 } });
  const laidOut = relayout({ ...image(bytes), tokens: [{ kind: 'node', name: utf8('') }, { kind: 'end' }] });
  expect(laidOut.size).toBe(80);
  expect(parseFdt(fromImage(laidOut)).diagnostics).toEqual([]);
});
