/** Blobs on which other devicetree readers failed, each named after the report. */

import { expect, test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { dtsLines } from '../../src/fdt/dts.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import {
  findNode,
  findProperty,
  nodeName,
  nodePath,
  propertyName,
  propertyValue,
} from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { begin, blob, end, endNode, nop, prop, raw, text, word } from './token-builder.js';

const S = 64;
const codes = (bytes: Uint8Array): string[] => {
  const found = parseFdt(bytes).diagnostics.map(({ code }) => code);
  expect(checkFdt(bytes).map(({ code }) => code)).toEqual(found);
  expect(fromImage(toImage(parseFdt(bytes)))).toEqual(bytes);
  return found;
};

test('dtc#178: an unaligned structure block is read and reported', () => {
  const struct = [begin(''), prop(0, [7]), endNode, end];
  const bytes = blob({ struct, strings: [text('a')], structShift: 2 });
  expect(codes(bytes)).toEqual(['block-unaligned']);
  const tree = parseFdt(bytes);
  expect(propertyValue(tree, findProperty(tree, 0, 'a'))).toEqual(Uint8Array.of(7));
});

test.each([0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffd, 0xffffffff])(
  'dtc 7359034: property length %i does not wrap around',
  (length) => {
    const struct = [begin(''), word(3), word(length), word(0), raw(1, 2, 3, 4), endNode, end];
    const bytes = blob({ struct, strings: [text('a')] });
    expect(codes(bytes)).toEqual(['property-overflow']);
    expect(parseFdt(bytes).count).toBe(1);
  },
);

test('dtc caf7465: a NOP between the root and END is not a fault', () => {
  expect(codes(blob({ struct: [nop, begin(''), nop, endNode, nop, nop, end] }))).toEqual([]);
});

test('dtc#66: totalsize beyond the file', () => {
  const bytes = blob({ header: { totalsize: 0x7fffffff } });
  expect(codes(bytes)).toEqual(['truncated-file']);
  expect(parseFdt(bytes).complete).toBe(true);
});

test('dtc f57e7df: a property without a value', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('ranges', new Uint8Array(0));
  writer.endNode();
  const tree = parseFdt(writer.finish());
  expect(propertyValue(tree, findProperty(tree, 0, 'ranges'))).toEqual(new Uint8Array(0));
});

test.each([
  ['after the blob', { offMemRsvmap: 0x7ffffff0 }, ['unterminated-reserve-map', 'block-out-of-bounds']],
  ['at its end', { offMemRsvmap: S + 16 }, ['unterminated-reserve-map']],
])('dtc 47d7c01: a reserve map %s', (_, header, expected) => {
  const bytes = blob({ header });
  expect(codes(bytes)).toEqual(expected);
  expect(parseFdt(bytes).reserveMap).toEqual([]);
});

test('dtc 47d7c01: a reserve map without end does not run into the structure block', () => {
  const bytes = blob({ reserve: [[1n, 2n]], terminator: undefined });
  expect(codes(bytes)).toEqual(['unterminated-reserve-map']);
  expect(parseFdt(bytes).reserveMap).toEqual([{ address: 1n, size: 2n }]);
});

test('fwupd#8135: size_dt_struct leaves the END token outside', () => {
  const struct = [begin(''), begin('images'), endNode, endNode, end];
  const bytes = blob({ struct, header: { sizeDtStruct: 28 } });
  expect(codes(bytes)).toEqual(['end-outside-struct']);
  expect(findNode(parseFdt(bytes), '/images')).toBeGreaterThan(0);
});

test('fwupd#5412: names that are tails of other names', () => {
  const struct = [begin(''), prop(0, []), prop(6, []), prop(9, []), prop(10, []), endNode, end];
  const bytes = blob({ struct, strings: [text('linux,size')] });
  expect(codes(bytes)).toEqual([]);
  const tree = parseFdt(bytes);
  expect([1, 2, 3, 4].map((i) => propertyName(tree, i))).toEqual(['linux,size', 'size', 'e', '']);
});

test('fwupd#10357: a list of strings without its last NUL is bytes', () => {
  const struct = [begin(''), prop(0, [0x61, 0, 0x62]), endNode, end];
  const lines = [...dtsLines(parseFdt(blob({ struct, strings: [text('compatible')] })))];
  expect(lines).toContain('\tcompatible = [61 00 62];');
});

test('fwupd#5024: END_NODE tokens only', () => {
  const bytes = blob({ struct: [endNode, endNode, end] });
  expect(codes(bytes)).toEqual(['end-node-without-begin', 'end-node-without-begin', 'no-root']);
});

test('eos#50 (1): a structure block after the blob', () => {
  expect(codes(blob({ header: { offDtStruct: 0x1000 } }))).toEqual(['block-out-of-bounds', 'missing-end']);
});

test('eos#50 (2): a node name up to the last byte of the file', () => {
  const bytes = blob({ struct: [begin(''), word(1), raw(0x61, 0x61, 0x61, 0x61)] });
  expect(codes(bytes)).toEqual(['unterminated-node-name']);
});

test('eos#50 (3): name offset 0x40000000', () => {
  const bytes = blob({ struct: [begin(''), prop(0x40000000, []), endNode, end] });
  expect(codes(bytes)).toEqual(['property-name-out-of-range']);
  expect(propertyName(parseFdt(bytes), 1)).toBeUndefined();
});

test('eos#50 (4), dtc: 100,000 levels', () => {
  const depth = 100_000;
  const writer = createFdtWriter();
  writer.beginNode('');
  for (let i = 1; i < depth; i++) writer.beginNode('n');
  for (let i = 0; i < depth; i++) writer.endNode();
  const bytes = writer.finish();
  const tree = parseFdt(bytes);
  expect(tree.diagnostics).toEqual([]);
  expect(checkFdt(bytes)).toEqual([]);
  expect(tree.count).toBe(2 * depth + 1);
  expect(nodePath(tree, depth - 1).length).toBeLessThan(1100);
  let lines = 0;
  for (const _ of dtsLines(tree)) lines++;
  expect(lines).toBe(2 * depth + 2);
  expect(Buffer.from(fromImage(toImage(tree))).equals(bytes)).toBe(true);
});

test('dtc: 100,000 subnodes, one name twice', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (let i = 0; i < 100_000; i++) {
    writer.beginNode(i === 99_999 ? 'n5' : `n${i}`);
    writer.endNode();
  }
  writer.endNode();
  const tree = parseFdt(writer.finish());
  expect(tree.diagnostics.map(({ code, count }) => [code, count])).toEqual([['duplicate-node', 1]]);
});

test('dtb-walker#1: last_comp_version 2 and 16 are both read', () => {
  expect(codes(blob({ header: { lastCompVersion: 2 } }))).toEqual([]);
  expect(codes(blob({ header: { lastCompVersion: 16 } }))).toEqual([]);
});

test('flat-image-tree#56: a property in front of the root, after it, a second root', () => {
  const strings = [text('a')];
  expect(codes(blob({ struct: [prop(0, []), begin(''), endNode, end], strings }))).toEqual([
    'property-outside-node',
  ]);
  expect(codes(blob({ struct: [begin(''), endNode, prop(0, []), end], strings }))).toEqual([
    'property-outside-node',
  ]);
  expect(codes(blob({ struct: [begin(''), endNode, begin(''), endNode, end] }))).toEqual(['several-roots']);
});

test('version 16: the structure block ends with its END token', () => {
  const struct = [begin(''), prop(0, [1, 2]), begin('x'), endNode, endNode, end];
  const bytes = blob({
    struct,
    strings: [text('a')],
    header: { version: 16, lastCompVersion: 16, sizeDtStruct: 0 },
  });
  expect(codes(bytes)).toEqual([]);
  expect(findNode(parseFdt(bytes), '/x')).toBe(2);
});

test('names that other languages trip over', () => {
  const names = ['__proto__', 'constructor', '..', '.', 'toString', '\u202eevil', 'a/b'];
  const struct = [begin(''), ...names.flatMap((name) => [begin(name), prop(0, []), endNode]), endNode, end];
  const bytes = blob({ struct, strings: [text('__proto__')] });
  expect(codes(bytes)).toEqual([]);
  const tree = parseFdt(bytes);
  const read = [];
  for (let i = 1; i < tree.count; i++) {
    const name = nodeName(tree, i);
    if (name !== undefined) read.push(name);
  }
  expect(read).toEqual(names);
});
