/** A tree that lies in memory as its writer left it is all its own, wherever in it pages begin. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withoutForeign } from '../../src/decode/upstream/reused.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { blobPaths, fixtures } from '../fixtures.js';

const PAGE = 4096;

/** Places within a page where a tree loses some of it to somebody else. */
function placesLost(bytes: Uint8Array): number[] {
  const tree = parseFdt(bytes);
  const lost: number[] = [];
  const told = { reused: () => undefined };
  for (let at = 0; at < PAGE; at += 8) if (withoutForeign(told, tree, at, 'tree') !== tree) lost.push(at);
  return lost;
}

test.each(blobPaths().map((path) => [relative(fixtures, path), path]))('%s', (_name, path) => {
  expect(placesLost(new Uint8Array(readFileSync(path)))).toEqual([]);
});

const LETTERS = 'console=ttyS0,115200 root=/dev/vda1 ro quiet kho=on crashkernel=256M iommu=pt isolcpus=1-63 ';
const text = (length: number): string => LETTERS.repeat(Math.ceil(length / LETTERS.length)).slice(0, length);

describe('text of its own', () => {
  test.each([100, 1000, 2047, 4095, 5000, 9000])('a string of %d characters', (length) => {
    const writer = createFdtWriter();
    writer.beginNode('');
    writer.property('bootargs', new TextEncoder().encode(`${text(length)}\0`));
    writer.beginNode('child');
    writer.property('reg', new Uint8Array(256));
    writer.endNode();
    writer.endNode();
    expect(placesLost(writer.finish())).toEqual([]);
  });

  test.each([20, 300, 1000])('names of %d properties', (count) => {
    const writer = createFdtWriter();
    writer.beginNode('');
    for (let i = 0; i < count; i++)
      writer.property(`a-property-of-some-length-${i}`, new Uint8Array([0, 0, 0, i & 0xff]));
    writer.endNode();
    expect(placesLost(writer.finish())).toEqual([]);
  });
});
