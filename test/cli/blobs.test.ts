/** Every devicetree blob of the fixtures comes back byte for byte through the command line. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { blobPaths, fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const output = join(tmpdir(), `kho-test-blob-${process.pid}.dtb`);

test.each(blobPaths().map((path) => relative(fixtures, path)))('%s', (name) => {
  const path = join(fixtures, name);
  const { status, stdout } = kho(['dump', '--format', 'json', path]);
  expect(status).toBe(0);
  try {
    expect(kho(['encode', '-', '-o', output], stdout).status).toBe(0);
    expect(readFileSync(output).equals(readFileSync(path))).toBe(true);
  } finally {
    rmSync(output, { force: true });
  }
});

test('there are blobs of every kind', () => {
  const kinds = new Set(
    blobPaths().map((path) => JSON.parse(kho(['dump', '--format', 'json', path]).stdout).kind),
  );
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['boot-fdt', 'handover', 'rider']));
});

test('a blob of an old version is refused by name', () => {
  const bytes = new Uint8Array(readFileSync(blobPaths()[0] ?? ''));
  new DataView(bytes.buffer).setUint32(20, 3);
  new DataView(bytes.buffer).setUint32(24, 1);
  const { status, stderr } = kho(['info', '-'], bytes);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^kho: standard input: a devicetree blob of version 3, .* -V 17$/m);
});
