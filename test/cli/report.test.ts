/** `kho report` as a command, on the real dumps. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linuxNames } from '../decode/linux-dumps.js';
import { fixtures, rfcNames } from '../fixtures.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const dumps = [
  ...rfcNames.map((name) => join('rfc-2024', name)),
  ...linuxNames.map((name) => join(name, 'handover.elf.gz')),
  'linux-7.3-live-update/debugfs-out',
  'linux-6.18-handover/debugfs-in/sub_fdts/memblock',
];

test.each(dumps)('%s', (name) => {
  const out = join(folder, 'report.html');
  const args = ['report', join(fixtures, name), '-o', out];
  const { status, stdout, stderr } = kho(args);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  const page = readFileSync(out, 'utf8');
  expect(page).toMatch(/^<!DOCTYPE html>\n/);
  expect(page).toMatch(/<\/html>\n$/);
  expect(page).not.toMatch(/javascript:|https?:/i);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});

test('what cannot be read is one line, and no file', () => {
  const out = join(folder, 'none.html');
  const { status, stdout, stderr } = kho(['report', join(fixtures, 'README.md'), '-o', out]);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^kho: [^\n]+\n$/);
  expect(existsSync(out)).toBe(false);
});
