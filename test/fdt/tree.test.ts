import { expect, test } from 'vitest';
import { parseFdt } from '../../src/fdt/parse.js';
import {
  children,
  findNode,
  findProperty,
  nodeName,
  nodeNameBytes,
  nodePath,
  properties,
  propertyName,
  propertyNameBytes,
  propertyNameOffset,
  propertyValue,
  rootNode,
  valueOffset,
} from '../../src/fdt/tree.js';
import { begin, blob, end, endNode, nop, prop, raw, text } from './token-builder.js';

// 0 root, 1 nop, 2 a=[1], 3 nop, 4 b=[2 3], 5 a=[9], 6 cpu@0, 7 c, 8 END_NODE, 9 nop, 10 cpu, 11 END_NODE, 12 cpu@0 ...
const bytes = blob({
  struct: [
    nop,
    begin(''),
    prop(0, [1]),
    nop,
    prop(2, [2, 3]),
    prop(0, [9]),
    begin('cpu@0'),
    begin('c'),
    prop(2, [4]),
    endNode,
    endNode,
    nop,
    begin('cpu'),
    endNode,
    prop(4, []),
    endNode,
    end,
  ],
  strings: [text('a'), text('b'), raw(0xff, 0xfe, 0)],
});
const tree = parseFdt(bytes);
const root = rootNode(tree);

test('the root is the first BEGIN_NODE', () => {
  expect(root).toBe(1);
  expect(nodeName(tree, root)).toBe('');
  expect(rootNode(parseFdt(new Uint8Array(3)))).toBe(-1);
});

test('children and properties, as libfdt lists them', () => {
  expect([...children(tree, root)].map((node) => nodeName(tree, node))).toEqual(['cpu@0', 'cpu']);
  expect([...properties(tree, root)].map((property) => propertyName(tree, property))).toEqual([
    'a',
    'b',
    'a',
  ]);
  expect([...children(tree, 3)]).toEqual([]);
  expect([...properties(tree, tree.count - 1)]).toEqual([]);
});

test('the first match wins', () => {
  const property = findProperty(tree, root, 'a');
  expect(propertyValue(tree, property)).toEqual(Uint8Array.of(1));
  expect(findProperty(tree, root, 'nothing')).toBe(-1);
  // a component without unit address takes the first node up to its @, as fdt_path_offset does
  expect(nodeName(tree, findNode(tree, '/cpu'))).toBe('cpu@0');
  expect(nodeName(tree, findNode(tree, '/cpu/c'))).toBe('c');
});

test('paths there and back', () => {
  expect(findNode(tree, '/')).toBe(root);
  expect(findNode(tree, '//cpu@0//c/')).toBe(findNode(tree, '/cpu@0/c'));
  const c = findNode(tree, '/cpu@0/c');
  expect(nodePath(tree, c)).toBe('/cpu@0/c');
  expect(nodePath(tree, findProperty(tree, c, 'b'))).toBe('/cpu@0/c/b');
  expect(nodePath(tree, root)).toBe('/');
  expect(nodePath(tree, findProperty(tree, root, 'b'))).toBe('/b');
  for (const path of ['', 'cpu', '/c', '/cpu@1', '/cpu@0/c/x', '/cp']) expect(findNode(tree, path)).toBe(-1);
});

test('values are views, offsets those of the bytes', () => {
  const property = findProperty(tree, root, 'b');
  expect(propertyValue(tree, property)).toEqual(Uint8Array.of(2, 3));
  expect(propertyValue(tree, property)?.buffer).toBe(bytes.buffer);
  expect(bytes[valueOffset(tree, property) ?? -1]).toBe(2);
  expect(propertyNameOffset(tree, property)).toBe(2);
});

test('names that are not UTF-8 keep their bytes', () => {
  let odd = -1;
  for (let i = 0; i < tree.count; i++) if (tree.nameOffset[i] === 4) odd = i;
  expect(propertyName(tree, odd)).toBe('\ufffd\ufffd');
  expect(propertyNameBytes(tree, odd)).toEqual(Uint8Array.of(0xff, 0xfe));
  expect(nodePath(tree, odd)).toBe('/\ufffd\ufffd');
});

test('accessors of the wrong token give undefined', () => {
  const property = findProperty(tree, root, 'a');
  expect(nodeName(tree, property)).toBeUndefined();
  expect(nodeNameBytes(tree, property)).toBeUndefined();
  expect(propertyName(tree, root)).toBeUndefined();
  expect(propertyValue(tree, root)).toBeUndefined();
  expect(valueOffset(tree, -1)).toBeUndefined();
  expect(propertyNameOffset(tree, 99)).toBeUndefined();
});

test('columns', () => {
  expect(tree.complete).toBe(true);
  expect([...tree.kind]).toEqual([4, 1, 3, 4, 3, 3, 1, 1, 3, 2, 2, 4, 1, 2, 3, 2, 9]);
  expect([...tree.parent]).toEqual([-1, -1, 1, 1, 1, 1, 1, 6, 7, 7, 6, 1, 1, 12, 1, 1, -1]);
  expect([...tree.next]).toEqual([1, 16, 3, 4, 5, 6, 11, 10, 9, 10, 11, 12, 14, 14, 15, 16, 17]);
});
