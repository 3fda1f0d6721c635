/** `kho trim` as a command: what it writes is read by every other command as the dump itself is. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linuxNames } from '../decode/linux-dumps.js';
import { fixtures, rfcFiles } from '../fixtures.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const small = (): string => join(folder, 'small.elf');

/** The model's JSON; messages name the memory file by its number of segments, which differs. */
function model(...args: string[]): string {
  const { stdout, status } = kho(['dump', '--format', 'json', ...args]);
  expect(status).toBe(0);
  return stdout.replace(/ELF core, [a-z0-9-]+, \d+ segments?/g, 'the dump');
}

describe.each(['two-vms', 'dangling'])('%s', (name) => {
  const { folder: dump, memory, blob } = rfcFiles(name);

  test('folder, core, and blob with its core: the same model and findings', () => {
    for (const args of [[dump], [memory], [blob, '--memory', memory]]) {
      const { status, stdout, stderr } = kho(['trim', ...args, '-o', small()]);
      expect(status).toBe(0);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^[^\n]+ of records in [^\n]+ of pages\n$/);
      expect(model(small())).toBe(model(memory));
    }
    const findings = (path: string) =>
      JSON.parse(kho(['validate', '--format', 'json', path]).stdout).dumps[0].findings;
    expect(findings(small())).toEqual(findings(memory));
  });
});

describe.each(linuxNames)('%s', (name) => {
  const dump = join(fixtures, name, 'handover.elf.gz');

  test('the same model', () => {
    kho(['trim', dump, '--quiet', '-o', small()]);
    expect(model(small())).toBe(model(dump));
    kho(['trim', dump, '--quiet', '--whole-pages', '-o', small()]);
    expect(model(small())).toBe(model(dump));
  });
});

test('found through a boot device tree', () => {
  const boot = join(fixtures, 'linux-7.3-arm64-16k', 'firmware-fdt.dtb');
  const dump = join(fixtures, 'linux-7.3-arm64-16k', 'handover.elf.gz');
  expect(kho(['trim', boot, '--memory', dump, '-o', small()]).status).toBe(0);
  expect(model(boot, '--memory', small())).toBe(model(boot, '--memory', dump));
});

describe('refused, and nothing written', () => {
  const { blob } = rfcFiles('two-vms');
  test.each([
    ['a blob without memory', [blob]],
    ['no dump', []],
    ['no such file', ['/nonexistent']],
    ['a rider', [join(fixtures, 'linux-7.3-live-update', 'debugfs-in', 'sub_fdts', 'memblock')]],
  ])('%s', (_what, args) => {
    const out = join(folder, 'none.elf');
    const { status, stderr } = kho(['trim', ...args, '-o', out]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^kho: [^\n]+\n$/);
    expect(existsSync(out)).toBe(false);
  });
});

test('a file that is there is replaced as a whole', () => {
  writeFileSync(small(), 'before');
  kho(['trim', rfcFiles('two-vms').memory, '--quiet', '-o', small()]);
  expect(statSync(small()).size).toBeGreaterThan(10_000);
});
