import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { InputError, OutputError } from '../../../src/memory/node/errors.js';
import { forgetReads } from '../../../src/memory/node/files-read.js';
import { readFolder } from '../../../src/memory/node/folder.js';
import { writeFileAtomic } from '../../../src/memory/node/output.js';
import { concat, fileBytes, gzip, same } from '../bytes.js';
import { buildElf } from '../elf/builder.js';

const root = mkdtempSync(join(tmpdir(), 'kho-test-'));
let folder: string;
let cases = 0;
beforeEach(() => {
  folder = join(root, String(cases++));
  mkdirSync(folder);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

// Files that other tests have read are gone, and their inodes used again.
beforeEach(forgetReads);

describe('writeFileAtomic', () => {
  test('writes text and bytes in pieces of any size, of sync and async iterables', async () => {
    const path = join(folder, 'out');
    const large = new Uint8Array(100_000).fill(7);
    async function* chunks() {
      yield 'ä';
      yield large;
      for (let i = 0; i < 30_000; i++) yield 'abc';
      yield new Uint8Array();
    }
    await writeFileAtomic(path, chunks());
    const text = new TextEncoder();
    const expected = concat(text.encode('ä'), large, text.encode('abc'.repeat(30_000)));
    expect(same(fileBytes(path), expected)).toBe(true);
    await writeFileAtomic(path, ['x']);
    expect(readFileSync(path, 'utf8')).toBe('x');
    await writeFileAtomic(path, []);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test('keeps nothing of a chunk whose buffer is used again', async () => {
    const buffer = new Uint8Array(3);
    function* chunks() {
      for (let i = 0; i < 50_000; i++) yield buffer.fill(i & 0xff);
    }
    await writeFileAtomic(join(folder, 'out'), chunks());
    const bytes = readFileSync(join(folder, 'out'));
    expect(bytes.length).toBe(150_000);
    expect(bytes.findIndex((byte, i) => byte !== (Math.floor(i / 3) & 0xff))).toBe(-1);
  });

  test('leaves the old file and nothing else when the chunks fail', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    function* chunks() {
      yield new Uint8Array(200_000);
      throw new RangeError('no more');
    }
    await expect(writeFileAtomic(path, chunks())).rejects.toThrow(RangeError);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test('keeps the permissions of the file it replaces, and follows links', async () => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    chmodSync(path, 0o600);
    symlinkSync('out', join(folder, 'link'));
    await writeFileAtomic(join(folder, 'link'), ['new']);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['link', 'out']);
  });

  test('does not replace what is not a regular file', async () => {
    await writeFileAtomic('/dev/null', ['gone']);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.each([
    ['a folder that is not there', () => join(folder, 'no', 'out'), 'no such file or folder'],
    ['a folder', () => folder, 'is a folder'],
  ])('tells in one line that it cannot write %s', async (_, path, cause) => {
    const error = await writeFileAtomic(path(), ['x']).catch((caught) => caught);
    expect(error).toBeInstanceOf(OutputError);
    expect(error.message).toBe(`${path()}: ${cause}`);
  });
});

describe('readFolder', () => {
  const blob = fileBytes('fixtures/rfc-2024/dangling/kho.dtb');

  test.each(readdirSync('fixtures/rfc-2024'))('fixtures/rfc-2024/%s is a pair', async (name) => {
    const path = join('fixtures/rfc-2024', name);
    const found = await readFolder(path);
    expect(found).toMatchObject({
      kind: 'pair',
      tree: join(path, 'kho.dtb'),
      memory: join(path, 'memory.elf.gz'),
    });
    expect(found?.files.map((file) => [file.name, file.kind, file.packing])).toEqual([
      ['kho.dtb', 'fdt', undefined],
      ['memory.elf.gz', 'elf', 'gzip'],
      ['truth.json', 'unknown', undefined],
    ]);
  });

  test('a copy of debugfs out, with what only out has', async () => {
    const path = 'fixtures/linux-7.1-live-update/debugfs-out';
    expect(await readFolder(path)).toMatchObject({
      kind: 'debugfs',
      direction: 'out',
      fdt: join(path, 'fdt'),
      scratchPhys: join(path, 'scratch_phys'),
      scratchLen: join(path, 'scratch_len'),
      subFdts: ['LUO', 'kexec-metadata', 'kho_test', 'memblock'].map((name) => ({
        name,
        path: join(path, 'sub_fdts', name),
      })),
    });
  });

  test('a copy of debugfs in', async () => {
    const found = await readFolder('fixtures/linux-6.18-handover/debugfs-in');
    expect(found).toMatchObject({ kind: 'debugfs', direction: 'in' });
    expect(found).not.toHaveProperty('scratchPhys');
  });

  test('names do not matter for a pair; beside two trees, or files that are none, a core is the dump', async () => {
    writeFileSync(join(folder, 'a'), gzip(blob));
    writeFileSync(join(folder, 'b.dtb'), buildElf({}));
    expect(await readFolder(folder)).toMatchObject({
      kind: 'pair',
      tree: join(folder, 'a'),
      memory: join(folder, 'b.dtb'),
    });
    writeFileSync(join(folder, 'c'), blob);
    expect(await readFolder(folder)).toMatchObject({ kind: 'core', memory: join(folder, 'b.dtb') });
    writeFileSync(join(folder, 'd'), buildElf({}));
    expect(await readFolder(folder)).toMatchObject({ kind: 'unknown', files: [{}, {}, {}, {}] });
    for (const name of ['a', 'c', 'd']) rmSync(join(folder, name));
    writeFileSync(join(folder, 'README'), 'how it was taken');
    expect(await readFolder(folder)).toMatchObject({ kind: 'core', memory: join(folder, 'b.dtb') });
  });

  test('a copy of debugfs whose files are empty, as tar makes them', async () => {
    mkdirSync(join(folder, 'out/sub_fdts'), { recursive: true });
    writeFileSync(join(folder, 'out/fdt'), '');
    expect(await readFolder(folder)).toMatchObject({ kind: 'debugfs-no-tree', empty: ['out/fdt'] });
    mkdirSync(join(folder, 'in/sub_fdts'), { recursive: true });
    writeFileSync(join(folder, 'in/fdt'), blob);
    writeFileSync(join(folder, 'in/sub_fdts/LUO'), '');
    expect(await readFolder(folder)).toMatchObject({
      kind: 'debugfs',
      direction: 'in',
      subFdts: [{ name: 'LUO', empty: true }],
      otherSide: 'out/fdt is empty: tar and cp can turn debugfs files into empty ones; copy each with cat',
    });
  });

  test('links, subfolders, empty and damaged files do not disturb', async () => {
    symlinkSync('nowhere', join(folder, 'dangling'));
    symlinkSync(folder, join(folder, 'loop'));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'empty'), '');
    writeFileSync(join(folder, 'bad.gz'), Uint8Array.of(0x1f, 0x8b, 8, 0xff, 0xff));
    const found = await readFolder(folder);
    expect(found?.kind).toBe('unknown');
    expect(found?.files.map(({ name, kind }) => [name, kind])).toEqual([
      ['bad.gz', 'unknown'],
      ['empty', 'unknown'],
    ]);
  });

  test('a file is not a folder, and what is not there is an InputError', async () => {
    expect(await readFolder('fixtures/rfc-2024/dangling/kho.dtb')).toBeUndefined();
    await expect(readFolder(join(folder, 'missing'))).rejects.toThrow(InputError);
  });
});
