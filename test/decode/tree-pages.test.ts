/** A tree that lies in memory as its writer left it is all its own, wherever in it pages begin. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import fc from 'fast-check';
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

const LETTERS =
  'console=ttyS0,115200 root=/dev/vda1 ro quiet kho=on crashkernel=256M iommu=pt isolcpus=1-63 ';
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

/** What a tree may have: nodes, strings of any length, numbers. */
const part = fc.oneof(
  fc.record({ kind: fc.constant('node' as const), size: fc.nat(30) }),
  fc.record({ kind: fc.constant('text' as const), size: fc.nat({ max: 3000 }) }),
  fc.record({ kind: fc.constant('strings' as const), size: fc.nat({ max: 40 }) }),
  fc.record({ kind: fc.constant('cells' as const), size: fc.nat({ max: 400 }) }),
);

test('a tree of nodes, strings and numbers', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 10, maxLength: 60 }), fc.nat(511), (parts, words) => {
      const writer = createFdtWriter();
      const encoder = new TextEncoder();
      writer.beginNode('');
      writer.beginNode('first');
      for (const [i, { kind, size }] of parts.entries()) {
        if (kind === 'node') {
          writer.endNode();
          writer.beginNode(`${'node-of-a-long-name'.slice(0, size)}${i}@${(i * 0x10_0000).toString(16)}`);
          continue;
        }
        const value =
          kind === 'text'
            ? encoder.encode(`${text(size)}\0`)
            : kind === 'strings'
              ? encoder.encode('vendor,some-device\0'.repeat(size + 1))
              : Uint8Array.from({ length: 4 * size }, (_, at) => (at % 4 < 2 ? 0 : (i * at) & 0xff));
        writer.property(`${kind}-${i}`, value);
      }
      writer.endNode();
      writer.endNode();
      const tree = parseFdt(writer.finish());
      expect(withoutForeign({ reused: () => undefined }, tree, words * 8, 'tree')).toBe(tree);
    }),
    { numRuns: 200 },
  );
});
