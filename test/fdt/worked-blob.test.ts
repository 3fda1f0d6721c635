import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import {
  findNode,
  findProperty,
  nodePath,
  propertyName,
  propertyValue,
  valueOffset,
} from '../../src/fdt/tree.js';
import { bytesToHex } from '../../src/schema/text.js';
import { rewrite } from './rewrite.js';
import { WORKED_PROPERTIES, WORKED_SHA256, workedBlob } from './worked-blob.js';

const blob = workedBlob();
const tree = parseFdt(blob);

test('the bytes are those of the specification', () => {
  expect(createHash('sha256').update(blob).digest('hex')).toBe(WORKED_SHA256);
});

test('nothing is wrong with it', () => {
  expect(tree.diagnostics).toEqual([]);
  expect(checkFdt(blob)).toEqual([]);
  expect(tree.complete).toBe(true);
  expect(tree.tokensEnd).toBe(tree.structEnd);
});

test.each(WORKED_PROPERTIES)('%s %s', (path, name, offset, value) => {
  const property = findProperty(tree, findNode(tree, path), name);
  expect(valueOffset(tree, property)).toBe(offset);
  expect(bytesToHex(propertyValue(tree, property) ?? new Uint8Array())).toBe(value);
});

test('it has no other property', () => {
  const all: string[] = [];
  for (let i = 0; i < tree.count; i++) {
    const name = propertyName(tree, i);
    if (name !== undefined) all.push(nodePath(tree, i));
  }
  expect(all).toEqual(
    WORKED_PROPERTIES.map(([path, name]) => (path === '/' ? `/${name}` : `${path}/${name}`)),
  );
});

test('the writer makes the same bytes from the same calls', () => {
  expect(rewrite(tree)).toEqual(blob);
});

test('its image has no gaps and gives the same bytes', () => {
  const image = toImage(tree);
  expect(image.gaps).toEqual([]);
  expect(image.rest).toEqual({ struct: 0, strings: 0, map: 0 });
  expect(fromImage(image)).toEqual(blob);
});
