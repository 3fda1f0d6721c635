/** Verdicts and exit statuses: what is cut off, what an option asks for in vain, and what each format makes of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const WHOLE = join(fixtures, 'linux-7.3-live-update', 'handover.elf.gz');
let folder = '';
let cut = '';
let plain = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-verdict-'));
  cut = join(folder, 'cut.elf');
  const bytes = gunzipSync(readFileSync(WHOLE));
  plain = join(folder, 'plain.elf');
  writeFileSync(plain, bytes);
  // Only the last page of a segment: all records are there, and the file is cut off nevertheless.
  writeFileSync(cut, bytes.subarray(0, bytes.length - 1));
});
afterAll(() => rmSync(folder, { recursive: true }));

const validated = (...args: string[]) => {
  const { status, stdout, stderr } = kho(['validate', '--format', 'json', ...args]);
  const [dump] = JSON.parse(stdout).dumps;
  return { status, stderr, dump };
};

test('a core that is cut off is incomplete, and says what accepts it', () => {
  const { status, stderr, dump } = validated(cut);
  expect([status, dump.verdict]).toEqual([2, 'incomplete']);
  expect(dump.missing[0].kind).toBe('damage');
  expect(stderr).toContain('--allow-incomplete');
  expect(validated(cut, '--allow-incomplete').status).toBe(0);
});

test('a whole one is valid, and the rules are the catalogue of its generation', () => {
  const { status, dump } = validated(WHOLE);
  expect([status, dump.verdict]).toEqual([0, 'valid']);
  const other = validated(cut).dump;
  expect(dump.rules.run + dump.rules.skipped.length).toBe(other.rules.run + other.rules.skipped.length);
  expect(dump.coverage.find(({ area }: { area: string }) => area === 'LUO').state).toBe('checked');
});

test('areas that must have been checked', () => {
  expect(validated(WHOLE, '--require', 'LUO,MEMFD').status).toBe(0);
  const { status, dump } = validated(WHOLE, '--require', 'LUO,VTD');
  expect([status, dump.verdict, dump.missing[0].kind]).toEqual([2, 'incomplete', 'unanswered']);
  expect(kho(['validate', WHOLE, '--require', 'NONE']).status).toBe(2);
});

test('a root table that is not in the dump', () => {
  const root = ['--root', '0x7ffff000'];
  expect(validated(WHOLE, ...root).dump.verdict).toBe('incomplete');
  for (const command of [
    ['walk', WHOLE],
    ['trim', WHOLE, '-o', join(folder, 'out.elf')],
  ]) {
    const { status, stderr } = kho([...command, ...root]);
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toContain('the root table of dmar0');
  }
});

test('JUnit and KTAP say the same as the exit status', () => {
  const junit = (...args: string[]) => kho(['validate', '--format', 'junit', ...args]).stdout;
  const ktap = (...args: string[]) => kho(['validate', '--format', 'ktap', ...args]).stdout;
  expect(junit(cut)).toContain('<error type="incomplete"');
  expect(junit(cut, '--allow-incomplete')).not.toContain('<error');
  expect(ktap(cut)).toMatch(/^not ok/m);
  expect(ktap(cut, '--allow-incomplete')).not.toMatch(/^not ok/m);
  // An attribute there that Jenkins' schema does not have.
  expect(junit(cut)).not.toMatch(/<testsuites[^>]* skipped=/);
});

test('what --fail-on lets pass is not failed', () => {
  const dangling = join(fixtures, 'rfc-2024', 'dangling');
  const args = ['validate', dangling, '--fail-on', 'never', '--allow-incomplete'];
  expect(kho(args).status).toBe(0);
  expect(kho([...args, '--format', 'ktap']).stdout).not.toMatch(/^not ok/m);
  expect(kho([...args, '--format', 'junit']).stdout).not.toContain('<failure');
  expect(kho([...args, '--format', 'sarif']).stdout).not.toMatch(/"level": ?"error",\s*"message"/);
});

test('a limit that reading it reached makes a verdict incomplete, in every format and by its name', () => {
  // The tree is found and read; what its map and lists need is beyond the limits.
  const args = [plain, '--budget', '0.003'];
  const { status, dump } = validated(...args, '--fail-on', 'never');
  expect([status, dump.verdict === 'valid']).toEqual([2, false]);
  expect(dump.missing.map(({ kind }: { kind: string }) => kind)).toContain('damage');
  expect(JSON.stringify(dump.missing)).toContain('--budget FACTOR raises the limits');
  expect(validated(...args, '--fail-on', 'never', '--allow-incomplete').status).toBe(0);
  for (const format of ['text', 'sarif', 'junit', 'ktap'])
    expect(kho(['validate', '--format', format, ...args]).stdout, format).toMatch(
      /incomplete.*--budget FACTOR/,
    );
  // Commands without a verdict fail as a whole.
  for (const command of ['info', 'dump']) expect(kho([command, ...args]).status, command).toBe(2);
});
