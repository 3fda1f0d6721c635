/** Keys of nodes: short however deep, and different where the paths are. */
import { expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { childPath, type NodePath, pathKey, ROOT_PATH } from '../../src/diff/outline/path-key.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { expectLinear } from '../processor-time.js';

function chain(depth: number, name: (level: number) => string): NodePath {
  let path = ROOT_PATH;
  for (let level = 0; level < depth; level++) path = childPath(path, name(level));
  return path;
}

test('a path is its own key as deep as kernels go', () => {
  expect(pathKey(ROOT_PATH)).toBe('/');
  expect(pathKey(chain(3, (level) => `n${level}`))).toBe('/n0/n1/n2');
});

test('deeper ones have short keys that tell them apart', () => {
  const deep = chain(1000, () => 'a');
  expect(pathKey(deep).length).toBeLessThan(40);
  expect(deep.path.length).toBe(2000);
  const siblings = Array.from({ length: 5000 }, (_, i) => pathKey(childPath(deep, `n${i}`)));
  expect(new Set(siblings).size).toBe(5000);
  expect(
    pathKey(
      childPath(
        chain(999, () => 'a'),
        'a',
      ),
    ),
  ).toBe(pathKey(deep));
  expect(pathKey(childPath(deep, 'b'))).not.toBe(
    pathKey(
      childPath(
        chain(1000, () => 'b'),
        'b',
      ),
    ),
  );
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
