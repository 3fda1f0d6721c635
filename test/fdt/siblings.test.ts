import { expect, test } from 'vitest';
import { parseFdt } from '../../src/fdt/parse.js';
import { duplicateSiblings } from '../../src/fdt/siblings.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';

function treeOf(paths: readonly (readonly string[])[]): Uint8Array {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (const path of paths) {
    for (const name of path) writer.beginNode(name);
    for (const _ of path) writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

function nodesBelowRoot(tree: ReturnType<typeof parseFdt>): Uint32Array {
  const nodes: number[] = [];
  for (let i = 1; i < tree.count; i++) if (tree.kind[i] === FdtToken.beginNode) nodes.push(i);
  return Uint32Array.from(nodes);
}

test('names and parents decide, even when all keys collide', () => {
  const tree = parseFdt(treeOf([['a', 'a'], ['b', 'a'], ['aa'], ['c'], ['b', 'x']]));
  const nodes = nodesBelowRoot(tree);
  const found = duplicateSiblings(tree, nodes, new Uint32Array(nodes.length));
  expect(found).toEqual([nodes[6]]);
});

test('many partitions: each repeated name once, in blob order', () => {
  const count = 50_000;
  const names = Array.from({ length: count }, (_, i) => [`n${(i * 7919) % count}`]);
  const repeated = [123, 40_000, 7].map((i) => names[i] ?? []);
  const { diagnostics } = parseFdt(treeOf([...names, ...repeated]));
  expect(diagnostics.map(({ code, message }) => [code, /"(.*)"/.exec(message)?.[1]])).toEqual(
    repeated.map(([name]) => ['duplicate-node', name]),
  );
});
