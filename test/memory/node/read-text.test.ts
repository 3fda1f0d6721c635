/** Text files beside a dump, files that shrink, and links that leave a folder. */
import { mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFolder } from '../../../src/memory/node/folder.js';
import { readText } from '../../../src/memory/node/read-text.js';
import { windowedFile } from '../../../src/memory/node/windowed-file.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('text is read up to its limit, of devices too', async () => {
  writeFileSync(at('text'), 'a'.repeat(1 << 20));
  expect(await readText(at('text'), 1 << 20)).toHaveLength(1 << 20);
  await expect(readText(at('text'), (1 << 20) - 1)).rejects.toThrow(/text: has more than/);
  await expect(readText('/dev/zero', 1 << 20)).rejects.toThrow(/zero: has more than 1 MiB/);
  await expect(readText(at('none'), 1)).rejects.toThrow(/none: no such file/);
});

test('a file that shrinks while it is read is said to have', () => {
  writeFileSync(at('file'), new Uint8Array(1 << 18));
  const file = windowedFile(openSync(at('file'), 'r'), 1 << 18, 'dump');
  const into = new Uint8Array(1 << 18);
  expect(file.readAt(0, 100, into)).toBe(100);
  truncateSync(at('file'), 100_000);
  const words = /^dump: became shorter while it was read: 262144 bytes when it was opened, 100000 now$/;
  for (const [offset, length] of [
    [90_000, 20_000],
    [150_000, 8],
    [0, 1 << 18],
    [200_000, 5000],
  ] as const)
    expect(() => file.readAt(offset, length, into)).toThrow(words);
  expect(file.readAt(100, 100, into)).toBe(100);
});

describe('links of a folder', () => {
  const make = (name: string): string => {
    mkdirSync(join(at(name), 'sub_fdts'), { recursive: true });
    writeFileSync(join(at(name), 'fdt'), Uint8Array.from([0xd0, 0x0d, 0xfe, 0xed]));
    return at(name);
  };

  test('within it are followed', async () => {
    const path = make('inside');
    symlinkSync('../fdt', join(path, 'sub_fdts', 'memblock'));
    symlinkSync('nowhere', join(path, 'sub_fdts', 'broken'));
    expect(await readFolder(path)).toMatchObject({ kind: 'debugfs', subFdts: [{ name: 'memblock' }] });
  });

  test.each([
    ['a rider', (path: string) => symlinkSync('/proc/self/environ', join(path, 'sub_fdts', 'token'))],
    ['a file', (path: string) => symlinkSync('/proc/self/status', join(path, 'name'))],
    [
      'the folder of riders',
      (path: string) => {
        rmSync(join(path, 'sub_fdts'), { recursive: true });
        symlinkSync('/etc', join(path, 'sub_fdts'));
      },
    ],
  ])('out of it are refused by name: %s', async (what, link) => {
    const path = make(what.replaceAll(' ', '-'));
    link(path);
    await expect(readFolder(path)).rejects.toThrow(/ is a link that leaves the folder, to \//);
  });
});
