/** Trees of which each byte says much: children without number, and names that are all tails of one string. */
import { expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createPropertyNames, resolveName } from '../../src/fdt/property-names.js';
import { propertyName } from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { verdictOf } from '../../src/validate/verdict.js';

const text = (value: string) => new TextEncoder().encode(value);

/** A root with so many children, the last with another property. */
function wide(children: number, last: string) {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', text('kho-v4\0'));
  for (let i = 0; i < children; i++) {
    writer.beginNode(`n${i}`);
    if (i === children - 1) writer.property(last, text('x'));
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

test('children that no page has room for have no typed form, and are compared all the same', () => {
  const [a, b] = [decodeHandover(wide(20000, 'a')), decodeHandover(wide(20000, 'b'))];
  expect(a.subtrees).toHaveLength(5461);
  expect(a.diagnostics.map(({ code }) => code)).toContain('too-many-nodes');
  const { differences } = diffHandovers(a, b);
  const told = [...differences].map(({ kind, place }) => [kind, place.fdtPath, place.property]);
  expect(told).toEqual([
    ['removed', '/n19999', 'a'],
    ['added', '/n19999', 'b'],
  ]);
  expect(decodeHandover(wide(5461, 'a')).diagnostics.map(({ code }) => code)).not.toContain('too-many-nodes');
});

test('names of one hash are told apart, and equal ones found', () => {
  const block = text('abc\0zbc\0abc\0');
  const names = createPropertyNames(block.length);
  const ids = [0, 1, 4, 5, 8, 9].map((offset) => resolveName(names, block, 0, offset));
  expect(ids).toEqual([1, 2, 5, 2, 1, 2]);
  // All tails of a long string: what is kept of them are numbers.
  const long = text(`${'q'.repeat(5000)}\0`);
  const tails = createPropertyNames(long.length);
  for (let offset = 0; offset < 5000; offset++) {
    const id = resolveName(tails, long, 0, offset);
    expect(id).toBe(offset < 5000 - 1024 ? -1 : offset + 1);
  }
  for (const [hash, offset] of tails.byHash) expect(typeof hash).toBe(typeof offset);
});

test('a repeated name is found wherever its string is', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('a-name', text('1'));
  writer.property('name', text('2'));
  writer.property('name', text('3'));
  writer.endNode();
  const tree = parseFdt(writer.finish());
  const properties = [...tree.kind.keys()].filter((token) => tree.kind[token] === FdtToken.prop);
  expect(properties.map((token) => propertyName(tree, token))).toEqual(['a-name', 'name', 'name']);
  expect(tree.diagnostics.filter(({ code }) => code === 'duplicate-property')).toHaveLength(1);
});

test('nodes with mem beyond what a host has are not looked at, which is said', () => {
  const tree = (nodes: number) => {
    const writer = createFdtWriter();
    writer.beginNode('');
    writer.property('compatible', text('kho-v1\0'));
    for (let i = 0; i < nodes; i++) {
      writer.beginNode(`${i}`);
      writer.property('mem', new Uint8Array(16).fill(i === nodes - 1 ? 0xff : 0));
      writer.endNode();
    }
    writer.endNode();
    return decodeHandover(writer.finish());
  };
  const verdict = (handover: ReturnType<typeof tree>) => {
    const only = new Set(['KHO-003']);
    return verdictOf(validate(handover, catalogue, { only }));
  };
  const [all, more] = [tree(65_535), tree(65_537)];
  expect(all.diagnostics).toEqual([]);
  expect(more.diagnostics.map(({ code }) => code)).toEqual(['too-many-nodes']);
  expect(verdict(more)).toBe('incomplete');
});
