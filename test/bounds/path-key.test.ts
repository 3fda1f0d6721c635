/** Keys of nodes: short however deep, and different where the paths are. */
import { expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import {
  childPath,
  type NodePath,
  nodeKey,
  propertyKey,
  ROOT_PATH,
} from '../../src/diff/outline/path-key.js';
import { pairs } from '../../src/diff/pairs.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { expectLinear } from '../processor-time.js';

function chain(depth: number, name: (level: number) => string): NodePath {
  let path = ROOT_PATH;
  for (let level = 0; level < depth; level++) path = childPath(path, name(level));
  return path;
}

test('keys tell nodes and properties apart, however deep, and paths are cut', () => {
  const deep = chain(1000, () => 'a');
  expect(deep.path).toMatch(/^\.\.\.\/a(\/a)+$/);
  expect(deep.path.length).toBeLessThan(1200);
  expect(chain(3, (level) => `n${level}`).path).toBe('/n0/n1/n2');
  for (const at of [ROOT_PATH, deep]) {
    const names = Array.from({ length: 5000 }, (_, i) => `n${i}`);
    const keys = [
      nodeKey(at),
      ...names.map((name) => nodeKey(childPath(at, name))),
      ...names.map((name) => propertyKey(at, name)),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  }
  expect(nodeKey(chain(1000, () => 'a'))).toBe(nodeKey(deep));
});

test('things whose hashes meet are not one', () => {
  const entity = (name: string) => ({ place: { part: 'tree', fdtPath: name } as const, key: 7, fields: [] });
  const told = [...pairs([entity('/a'), entity('/b')], [entity('/a'), entity('/c')])].map(({ a, b }) => [
    a?.place.fdtPath,
    b?.place.fdtPath,
  ]);
  expect(told).toEqual([
    ['/a', '/a'],
    ['/b', undefined],
    [undefined, '/c'],
  ]);
});

function deepTree(depth: number) {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', new TextEncoder().encode('kho-v4\0'));
  for (let level = 0; level < depth; level++) writer.beginNode('a');
  for (let level = 0; level <= depth; level++) writer.endNode();
  return decodeHandover(writer.finish());
}

test('a chain of nodes is compared in linear time', () => {
  expectLinear((depth) => {
    const handover = deepTree(depth);
    let differences = 0;
    for (const _ of diffHandovers(handover, handover, {}).differences) differences++;
    expect(differences).toBe(0);
  }, 1500);
});
