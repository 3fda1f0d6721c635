import { expect, test } from 'vitest';
import { parseFdt } from '../../src/fdt/parse.js';
import { propertyName, propertyNameOffset } from '../../src/fdt/tree.js';
import { createFdtWriter, type FdtWriter } from '../../src/fdt/writer.js';

const none = new Uint8Array(0);
const started = (): FdtWriter => {
  const writer = createFdtWriter();
  writer.beginNode('');
  return writer;
};

test('the smallest blob', () => {
  const writer = started();
  writer.endNode();
  const bytes = writer.finish();
  expect(bytes.length).toBe(80);
  expect(parseFdt(bytes).header).toEqual({
    magic: 0xd00dfeed,
    totalsize: 80,
    offDtStruct: 64,
    offDtStrings: 80,
    offMemRsvmap: 48,
    version: 17,
    lastCompVersion: 16,
    bootCpuidPhys: 0,
    sizeDtStrings: 0,
    sizeDtStruct: 16,
  });
});

test('new names go in front; a tail shares the bytes of the string added last', () => {
  const writer = started();
  for (const name of ['b', 'ab', 'b', 'cab', 'ab', 'b', '', 'xb', 'b', 'cab']) writer.property(name, none);
  writer.endNode();
  const tree = parseFdt(writer.finish());
  const strings = new TextDecoder().decode(tree.bytes.subarray(tree.stringsStart, tree.stringsEnd));
  expect(strings).toBe('xb\0cab\0ab\0b\0');
  const offsets = Array.from({ length: 10 }, (_, i) => propertyNameOffset(tree, i + 1));
  expect(offsets).toEqual([10, 7, 8, 3, 4, 5, 6, 0, 1, 3]);
  expect(propertyName(tree, 7)).toBe('');
});

test('the value is copied', () => {
  const writer = started();
  const value = Uint8Array.of(1, 2, 3, 4, 5);
  writer.property('p', value);
  value.fill(9);
  writer.endNode();
  const tree = parseFdt(writer.finish());
  expect([...tree.bytes.subarray(84, 92)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
});

test.each<[string, RegExp, (writer: FdtWriter) => void]>([
  ['endNode without beginNode', /without beginNode/, (writer) => writer.endNode()],
  ['property outside a node', /outside a node/, (writer) => writer.property('a', none)],
  ['finish without a root', /without a root/, (writer) => writer.finish()],
  ['a named root', /empty name/, (writer) => writer.beginNode('x')],
  ['reserve of size 0', /size 0/, (writer) => writer.reserve(1n, 0n)],
])('%s throws', (_, message, misuse) => {
  expect(() => misuse(createFdtWriter())).toThrow(message);
});

test.each<[string, RegExp, (writer: FdtWriter) => void]>([
  ['reserve after a node', /after the first node/, (writer) => writer.reserve(1n, 1n)],
  ['finish inside a node', /inside a node/, (writer) => writer.finish()],
  ['a NUL in a node name', /NUL/, (writer) => writer.beginNode('a\0b')],
  ['a NUL in a property name', /NUL/, (writer) => writer.property(Uint8Array.of(0), none)],
  [
    'property after a subnode',
    /after a subnode/,
    (writer) => {
      writer.beginNode('x');
      writer.endNode();
      writer.property('a', none);
    },
  ],
  [
    'a second root',
    /after the root/,
    (writer) => {
      writer.endNode();
      writer.beginNode('');
    },
  ],
  [
    'a call after finish',
    /without beginNode/,
    (writer) => {
      writer.endNode();
      writer.finish();
      writer.endNode();
    },
  ],
])('%s throws', (_, message, misuse) => {
  expect(() => misuse(started())).toThrow(message);
});

test('a reserve map value that is not an u64 throws', () => {
  const writer = createFdtWriter();
  writer.reserve(2n ** 64n, 1n);
  writer.beginNode('');
  writer.endNode();
  expect(() => writer.finish()).toThrow(RangeError);
});
