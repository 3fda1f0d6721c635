/** What a capture has of the blobs that debugfs shows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownBlob } from '../../src/decode/upstream/own-blob.js';
import { fixtures } from '../fixtures.js';
import { CANARIES, comeOut, plant } from './canaries.js';

/** Blobs of every kernel whose debugfs was copied; the incoming LUO blob has been freed by the time it is shown. */
const blobs = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((path) => /debugfs.*\/(?:fdt|sub_fdts\/[^/]+)$/.test(path))
  .filter((path) => !/\bin\/sub_fdts\/LUO$/.test(path))
  .map((path) => ({ path, name: /sub_fdts\/(.+)$/.exec(path)?.[1], bytes: bytesOf(path) }))
  .filter(({ bytes }) => bytes.length > 0);

function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(fixtures, path)));
}

test('there are some of each kind', () => {
  const names = new Set(blobs.map(({ name }) => name));
  for (const name of [undefined, 'memblock', 'kexec-metadata', 'LUO']) expect(names).toContain(name);
});

describe.each(blobs)('$path', ({ name, bytes }) => {
  test('is itself', () => {
    expect(Buffer.from(ownBlob(bytes, name) ?? []).equals(bytes)).toBe(true);
  });

  test.each(CANARIES)('of somebody else nothing is left: $name', (canary) => {
    const changed = bytes.slice();
    plant(canary, changed, 0, 1);
    expect(comeOut(canary, Buffer.from(ownBlob(changed, name) ?? []))).toEqual([]);
  });

  test.each(CANARIES)('nor of what follows it: $name', (canary) => {
    const longer = new Uint8Array(bytes.length + 4096);
    longer.set(bytes);
    plant(canary, longer.subarray(bytes.length), bytes.length, 1);
    const own = Buffer.from(ownBlob(longer, name) ?? []);
    expect(comeOut(canary, own)).toEqual([]);
    expect(own.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });
});

test('a blob of a child that no kernel is known to write stays', () => {
  const bytes = new TextEncoder().encode('a child of another kernel');
  expect(ownBlob(bytes, 'another')).toBe(bytes);
});
