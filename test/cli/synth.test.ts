import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountOfText } from '../synth/account-text.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-synth-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

describe.each([
  [
    'rfc-2024',
    ['--domains', '3', '--devices', '2', '--areas', '4', '--guest-ram', '256M', '--fragmentation', '40%'],
  ],
  ['kho-v1', ['--release', '6.17', '--page-size', '4k']],
  ['kho-v1', ['--guest-ram', '64M', '--page-size', '64k']],
  ['kho-v2', ['--sessions', '5', '--files', '9']],
  ['kho-v3', ['--page-size', '16k', '--guest-ram', '128M', '--holes', '0.5']],
  ['kho-v4', ['--sessions', '120', '--files', '200', '--guest-ram', '16M', '--fragmentation', '1']],
])('%s %j', (abi, options) => {
  test('is valid without a warning, and holds what --truth says', () => {
    const seed = '41';
    const core = at('dump.elf');
    const truth = at('truth.json');
    const made = kho(['synth', '--abi', abi, '--seed', seed, ...options, '-o', core, '--truth', truth]);
    expect([made.status, made.stdout]).toEqual([0, '']);
    expect(made.stderr).toContain(`seed ${seed}`);
    const checked = kho(['validate', core, '--fail-on', 'warning']);
    expect(checked.stdout.split('\n')[0]).toMatch(/valid .* 0 errors, 0 warnings/);
    expect(checked.status).toBe(0);
    const dumped = kho(['dump', '--format', 'json', core]);
    expect(accountOfText(dumped.stdout)).toEqual(accountOfText(readFileSync(truth, 'utf8')));
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

test('only --abi and -o are needed; the same command gives the same bytes', () => {
  for (const name of ['a.elf', 'b.elf'])
    expect(kho(['synth', '--abi', 'kho-v4', '-o', at(name)]).status).toBe(0);
  expect(readFileSync(at('a.elf')).equals(readFileSync(at('b.elf')))).toBe(true);
  kho(['synth', '--abi', 'kho-v4', '--seed', '1', '-o', at('b.elf')]);
  expect(readFileSync(at('a.elf')).equals(readFileSync(at('b.elf')))).toBe(false);
});

test('guest memory is not part of the core', () => {
  kho([
    'synth',
    '--abi',
    'kho-v4',
    '--guest-ram',
    '1T',
    '--fragmentation',
    '0',
    '-o',
    at('large.elf'),
    '--quiet',
  ]);
  expect(statSync(at('large.elf')).size).toBeLessThan(16 << 20);
  expect(kho(['validate', at('large.elf'), '--fail-on', 'warning']).status).toBe(0);
});

test('--to dtb writes the tree alone', () => {
  expect(kho(['synth', '--abi', 'kho-v4', '--to', 'dtb', '-o', at('tree.dtb')]).status).toBe(0);
  expect(kho(['info', at('tree.dtb')]).stdout).toMatch(/generation +kho-v4/);
});

test('the devices of a synthesised unit are found from its root table', () => {
  const { stderr } = kho(['synth', '--abi', 'rfc-2024', '--devices', '3', '-o', at('rfc.elf')]);
  const [, root = ''] = /--root (0x[0-9a-f]+)/.exec(stderr) ?? [];
  const { stdout, status } = kho(['walk', at('rfc.elf'), '--root', root]);
  expect(status).toBe(0);
  expect([...stdout.matchAll(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d: second stage/gm)]).toHaveLength(6);
});

test.each([
  [['--abi', 'rfc-2024', '--page-size', '16k'], '--page-size'],
  [['--abi', 'rfc-2024', '--sessions', '2'], '--sessions'],
  [[], '--abi'],
  [['--abi', 'kho-v4', '--guest-ram', '1Q'], '--guest-ram'],
  [['--abi', 'kho-v4', '--fragmentation', 'much'], '--fragmentation'],
  [['--abi', 'kho-v4', '--to', 'json'], '--to'],
  [['--abi', 'kho-v4', '--truth', '-'], '--truth'],
  [['--abi', 'kho-v4', '--color', 'red'], '--color'],
])('%j: one line, exit status 2', (args, name) => {
  const { status, stdout, stderr } = kho(['synth', ...args, '-o', args.includes('-') ? '-' : at('none.elf')]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^kho: [^\n]+\n$/);
  expect(stderr).toContain(name);
  expect(readdirSync(folder)).not.toContain('none.elf');
});
