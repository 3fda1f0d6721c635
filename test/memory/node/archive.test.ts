import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withDumps } from '../../../src/cli/load.js';
import { unpackArchive } from '../../../src/memory/node/archive.js';
import { bytesAccess } from '../../../src/memory/random-access.js';
import { isTar, tarEntries } from '../../../src/memory/tar.js';

const REAL = 'fixtures/linux-7.3-live-update/debugfs-out';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tar(name: string, ...args: string[]): string {
  const path = join(folder, name);
  execFileSync('tar', ['-cf', path, ...args]);
  return path;
}

function access(path: string) {
  return bytesAccess(Uint8Array.from(readFileSync(path)));
}

async function failure(path: string): Promise<string> {
  return withDumps(path, { spool: folder }, async () => 'read').catch((error: Error) => error.message);
}

/** What a dump decodes to, whatever it is in. */
async function model(path: string): Promise<unknown> {
  return withDumps(path, { spool: folder }, async ([dump]) => ({
    subtrees: dump?.handover.subtrees,
    scratch: dump?.handover.scratch,
    diagnostics: dump?.handover.diagnostics,
    direction: dump?.direction,
  }));
}

describe('archives of debugfs', () => {
  const plain = ['-C', 'fixtures/linux-7.3-live-update'];
  test.each(['v7', 'ustar', 'oldgnu', 'gnu', 'pax'])('%s read as the folder', async (format) => {
    const expected = await model(REAL);
    expect(await model(tar('a.tar', `--format=${format}`, ...plain, 'debugfs-out'))).toEqual(expected);
    expect(await model(tar('b.tar', `--format=${format}`, '-C', REAL, '.'))).toEqual(expected);
    expect(await model(tar('c.tgz', '-z', `--format=${format}`, REAL))).toEqual(expected);
    expect(readdirSync(folder).filter((name) => name.startsWith('kho-'))).toEqual([]);
  });

  test('in/ and out/ below one folder stay apart', async () => {
    const copy = join(folder, 'kho');
    mkdirSync(copy);
    execFileSync('cp', ['-r', REAL, join(copy, 'out')]);
    expect(await model(tar('out.tar', '-C', folder, 'kho'))).toMatchObject({ direction: 'outgoing' });
  });

  test('of empty files, packed or not, say how to copy them', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(join(empty, 'out', 'sub_fdts'), { recursive: true });
    for (const name of ['fdt', 'scratch_phys', 'sub_fdts/LUO']) writeFileSync(join(empty, 'out', name), '');
    for (const path of [tar('empty.tar', '-C', folder, 'empty'), empty, join(empty, 'out')]) {
      expect(await failure(path)).toMatch(
        /: (is a tar archive of empty|has the) files.*debugfs reports size 0.*cp -r/,
      );
    }
  });
});

test('long names and large sizes are those of the files', () => {
  const name = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
  mkdirSync(join(folder, 'long', name), { recursive: true });
  writeFileSync(join(folder, 'long', name, 'f'.repeat(120)), 'x');
  for (const format of ['gnu', 'pax']) {
    const entries = [
      ...tarEntries(access(tar('long.tar', `--format=${format}`, '-C', join(folder, 'long'), '.'))),
    ];
    expect(entries.find(({ kind }) => kind === 'file')).toMatchObject({
      name: `./${name}/${'f'.repeat(120)}`,
      size: 1,
    });
  }
});

describe('hostile ones', () => {
  test('names and links that lead out are refused by name', () => {
    const evil = join(folder, 'evil');
    mkdirSync(join(evil, 'sub_fdts'), { recursive: true });
    writeFileSync(join(evil, 'fdt'), 'tree');
    symlinkSync('/proc/self/environ', join(evil, 'sub_fdts', 'absolute'));
    symlinkSync('../../../etc/hostname', join(evil, 'sub_fdts', 'relative'));
    symlinkSync('../fdt', join(evil, 'sub_fdts', 'inside'));
    const unpack = (name: string, ...args: string[]) => {
      const path = tar(name, '-P', '-C', evil, ...args);
      const archive = unpackArchive(access(path), path, { spoolDir: folder });
      const files = readdirSync(archive.path).sort();
      archive.close();
      expect(existsSync(archive.path)).toBe(false);
      return files;
    };
    expect(() => unpack('name.tar', 'fdt', '--transform=s,^fdt,../../outside,')).toThrow(
      /leads out of it: ..\/..\/outside/,
    );
    expect(() => unpack('absolute.tar', 'fdt', 'sub_fdts/absolute')).toThrow(
      /sub_fdts\/absolute in the tar archive is a link that leaves it, to \/proc\/self\/environ/,
    );
    expect(() => unpack('relative.tar', 'fdt', 'sub_fdts/relative')).toThrow(/sub_fdts\/relative.*leaves it/);
    expect(unpack('inside.tar', 'fdt', '/etc/hostname', 'sub_fdts/inside')).toEqual(['etc', 'fdt']);
  });

  test('cut off anywhere or damaged: told, and nothing left', () => {
    const whole = readFileSync(tar('whole.tar', '-C', REAL, 'fdt', 'scratch_phys'));
    const left = readdirSync(folder);
    for (let end = 1; end < whole.length; end += 101) {
      const file = bytesAccess(Uint8Array.from(whole.subarray(0, end)));
      if (!isTar(file)) continue;
      try {
        unpackArchive(file, 'x', { spoolDir: folder }).close();
      } catch (error) {
        expect(String(error)).toMatch(/x: (the tar archive ends early|is a tar archive)/);
      }
    }
    const second = Uint8Array.from(whole);
    second[512 + Math.ceil(readFileSync(join(REAL, 'fdt')).length / 512) * 512] = 0xff;
    expect(() => unpackArchive(bytesAccess(second), 'x', { spoolDir: folder })).toThrow(
      /checksum does not match/,
    );
    expect(readdirSync(folder)).toEqual(left);
  });

  test('more than is allowed is refused', () => {
    const path = tar('limit.tar', '-C', REAL, 'fdt', 'sub_fdts');
    expect(() => unpackArchive(access(path), path, { spoolDir: folder, maxUnpacked: 500 })).toThrow(
      /--max-unpacked/,
    );
  });
});
