/** `kho info`: every dump is told of, what is not there is not told as nothing, and problems are listed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, rfcFiles } from '../fixtures.js';
import { buildElf } from '../memory/elf/builder.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const arm64 = join(fixtures, 'linux-7.3-arm64-16k/debugfs-in');

test('one dump that cannot be read leaves the others, and the status', () => {
  const { status, stdout, stderr } = kho([
    'info',
    rfcFiles('overflow').blob,
    'missing',
    rfcFiles('dangling').blob,
  ]);
  expect(status).toBe(2);
  expect(stdout.match(/generation +rfc-2024/g)).toHaveLength(2);
  expect(stderr).toBe('kho: missing: no such file or folder\n');
});

test('the map is not in a copy of debugfs: what is preserved is left open, and the problems are listed', () => {
  const { status, stdout, stderr } = kho(['info', arm64]);
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/preserved/);
  expect(stdout).toMatch(/page size by the alignment of all 5 addresses/);
  expect(stderr).toMatch(
    /the list page of the list of kho_test at 0x423c0000 is not in 3 blobs of sub_fdts \[memory-absent\]/,
  );
  expect(stderr).not.toMatch(/nr_folios/);
  expect(stderr).toBe(kho(['dump', arm64, '-o', '/dev/null']).stderr);
  const model = JSON.parse(kho(['dump', arm64, '--format', 'json']).stdout);
  expect(model.preserved).toBeUndefined();
  // The kernel whose debugfs it is has freed the map.
  expect(stderr).toMatch(/\[taken-over\]/);
  expect(model.preservedMap).toBeUndefined();
});

test('a core without a tree: what it is, and that the file is not whole', () => {
  const path = join(folder, 'core');
  const headers = [{ paddr: 0n, offset: 0x1000n, filesz: 0x4000n }];
  writeFileSync(path, buildElf({ headers, size: 0x2000 }));
  const { status, stdout, stderr } = kho(['info', path]);
  expect(status).toBe(2);
  expect(stdout).toMatch(/core: ELF core, x86-64, 1 segments?\n$/);
  expect(stderr).toMatch(/^kho: .*core: contains no handover tree; the file itself: segment .*\n$/);
});
