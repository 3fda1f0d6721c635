/** Packed zeros are not data, but take time: what unpacks to a great many ends with a word. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInput } from '../../src/memory/node/input.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('blocks of zeros count against the packed bytes', async () => {
  // 400 blocks of 128 KiB of zeros, and an empty last one.
  const head = [0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
  const blocks = Array.from({ length: 400 }, () => [2, 0, 0x10, 0]).flat();
  const path = join(folder, 'zeros');
  writeFileSync(path, Uint8Array.from([...head, ...blocks, 1, 0, 0]));
  const { file, close } = await openInput(path);
  expect(file.size).toBe(400 << 17);
  close();
  await expect(openInput(path, { budget: 1 / 1024 })).rejects.toThrow(/--budget FACTOR/);
});
