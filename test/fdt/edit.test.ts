import { expect, test } from 'vitest';
import { createFdtEditor } from '../../src/fdt/edit.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { properties, propertyName, propertyValue } from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { fixtureBlobs } from './fixture-files.js';
import { begin, blob, end, endNode, nop, prop } from './token-builder.js';

/** The kernel's own steps (7.1 and later): the root written once, each subtree added, the tree packed each time. */
function outgoingTree(bytes: Uint8Array): Uint8Array {
  const tree = parseFdt(bytes);
  const values = new Map<string, Uint8Array>();
  const subtrees: { name: string; values: Map<string, Uint8Array> }[] = [];
  for (let i = 0; i < tree.count; i++) {
    const here = new Map<string, Uint8Array>();
    for (const property of properties(tree, i)) {
      here.set(propertyName(tree, property) ?? '', propertyValue(tree, property) ?? new Uint8Array());
    }
    if (tree.parent[i] === 0 && tree.kind[i] === 1) {
      const name = tree.bytes.subarray((tree.at[i] ?? 0) + 4, (tree.at[i] ?? 0) + 4 + (tree.length[i] ?? 0));
      subtrees.push({ name: new TextDecoder().decode(name), values: here });
    } else if (i === 0) for (const [name, value] of here) values.set(name, value);
  }
  const writer = createFdtWriter();
  writer.beginNode('');
  for (const name of ['compatible', 'preserved-memory-map'])
    writer.property(name, values.get(name) ?? new Uint8Array());
  writer.endNode();
  let out = writer.finish();
  for (const { name, values } of subtrees.reverse()) {
    const editor = createFdtEditor(parseFdt(out));
    const node = editor.addSubnode(editor.root, name);
    for (const property of ['preserved-data', 'blob-size']) {
      const value = values.get(property);
      if (value !== undefined) editor.setProperty(node, property, value);
    }
    out = editor.pack();
  }
  return out;
}

const edited = fixtureBlobs().filter(([path, bytes]) => {
  const tree = parseFdt(bytes);
  return path.endsWith('debugfs-in/fdt') && tree.header?.offMemRsvmap === 40 && tree.complete;
});

test('there are trees that a kernel edited', () => {
  expect(edited.length).toBeGreaterThanOrEqual(3);
});

test.each(edited)("the kernel's steps make %s again", (_, bytes) => {
  expect(outgoingTree(bytes)).toEqual(bytes);
});

test('a property that is there keeps its place, a new one goes in front', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('a', Uint8Array.of(1));
  writer.property('b', Uint8Array.of(2));
  writer.endNode();
  const editor = createFdtEditor(parseFdt(writer.finish()));
  editor.setProperty(editor.root, 'b', Uint8Array.of(9, 9, 9, 9, 9));
  editor.setProperty(editor.root, 'c', Uint8Array.of(3));
  const tree = parseFdt(editor.pack());
  expect(tree.diagnostics).toEqual([]);
  expect(
    [...properties(tree, 0)].map((i) => [propertyName(tree, i), ...(propertyValue(tree, i) ?? [])]),
  ).toEqual([
    ['c', 3],
    ['a', 1],
    ['b', 9, 9, 9, 9, 9],
  ]);
});

test.each([
  ['is cut short', blob({}).subarray(0, 70), 'only a complete blob'],
  ['has a NOP', blob({ struct: [begin(''), nop, endNode, end] }), 'a nop cannot be edited around'],
  ['has no node', blob({ struct: [end] }), 'exactly one whole tree'],
  ['has an open node', blob({ struct: [begin(''), end] }), 'exactly one whole tree'],
  [
    'has a property in front of the root',
    blob({ struct: [prop(0, []), begin(''), endNode, end] }),
    'no reader looks',
  ],
])('a blob that %s is not edited', (_, bytes, message) => {
  expect(() => createFdtEditor(parseFdt(bytes))).toThrow(message);
});

test('a name that is taken, a NUL in a name', () => {
  const editor = createFdtEditor(parseFdt(blob({})));
  editor.addSubnode(editor.root, 'x');
  expect(() => editor.addSubnode(editor.root, 'x')).toThrow('there already is a subnode x');
  expect(() => editor.addSubnode(editor.root, 'x\0')).toThrow('NUL');
});
