/** No command destroys what it reads or another of its outputs, nor shows it to more people. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

let folder = '';
let model = '';
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-lost-'));
  cpSync(join(fixtures, 'rfc-2024/two-vms'), at('pair'), { recursive: true });
  cpSync(join(fixtures, 'rfc-2024/two-vms/kho.dtb'), at('blob'));
  cpSync(join(fixtures, 'linux-7.3-live-update/handover.elf.gz'), at('core'));
  cpSync(join(fixtures, 'linux-7.3-live-update/vtd/iommu_regset'), at('regset'));
  model ||= kho(['dump', '--format', 'json', at('blob')]).stdout;
  writeFileSync(at('model'), model);
  writeFileSync(at('baseline'), '{}');
  symlinkSync('core', at('link'));
  linkSync(at('core'), at('hard'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Names and bytes of all files. */
function contents(): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    names
      .filter((name) => statSync(at(name)).isFile())
      .map((name) => [name, readFileSync(at(name)).toString('latin1')]),
  );
}

const IN_PLACE: readonly (readonly string[])[] = [
  ...['core', 'link', 'hard', './core'].map((output) => ['trim', 'core', '-o', output]),
  ['trim', 'link', '-o', 'core'],
  ['dump', 'blob', '-o', 'blob'],
  ['dump', 'pair', '-o', 'pair/kho.dtb'],
  ['dump', 'blob', '--memory', 'core', '-o', 'core'],
  ['report', 'pair', '-o', 'pair/memory.elf.gz'],
  ['info', 'core', '-o', 'core'],
  ['encode', 'model', '-o', 'model'],
  ['encode', 'model', '--memory', 'core', '-o', 'hard'],
  ['walk', 'core', '--regset', 'regset', '-o', 'regset'],
  ['diff', 'blob', 'core', '-o', 'core'],
  ['validate', 'core', '-o', 'core'],
  ['validate', 'core', '--output', 'json=core'],
  ['validate', 'core', '--output', 'json=new', '--output', 'sarif=./new'],
  ['validate', 'core', '-o', 'new', '--output', 'sarif=new'],
  ['validate', 'core', '--write-baseline', 'hard'],
  ['validate', 'core', '--baseline', 'baseline', '--write-baseline', 'baseline'],
  ['validate', 'core', '--output', 'json=new', '--write-baseline', 'new'],
  ['synth', '--abi', 'kho-v4', '-o', 'new', '--truth', './new'],
  ['fuzz', 'pair', '-o', 'pair', '--count', '1'],
  ['fuzz', 'core', '-o', '.', '--count', '1'],
];

describe('an output that is an input or another output is refused before anything is written', () => {
  test.each(IN_PLACE.map((args) => [args.join(' '), args] as const))('%s', (_, args) => {
    const before = contents();
    const named = args.map((word, index) =>
      index === 0 || /^(-|kho-v|[0-9])/.test(word) ? word : word.replace(/^([a-z]+=)?/, `$1${folder}/`),
    );
    const { status, stderr } = kho(named);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
    expect(contents()).toEqual(before);
  });
});

describe('fuzz', () => {
  test('continues in its own folder, and leaves one in which another process works', () => {
    expect(kho(['fuzz', at('pair'), '-o', at('cases'), '--count', '1']).status).toBe(0);
    writeFileSync(at('cases/.kho-fuzz.lock'), `${process.ppid}\n`);
    const held = kho(['fuzz', at('pair'), '-o', at('cases'), '--count', '2']);
    expect([held.status, held.stderr]).toEqual([2, expect.stringContaining(String(process.ppid))]);
    // Larger than any process number that Linux gives: its process has ended.
    writeFileSync(at('cases/.kho-fuzz.lock'), `${2 ** 30}\n`);
    expect(kho(['fuzz', at('pair'), '-o', at('cases'), '--count', '2']).status).toBe(0);
    expect(readdirSync(at('cases'))).not.toContain('.kho-fuzz.lock');
  });

  test('leaves a folder with other files', () => {
    mkdirSync(at('notes'));
    writeFileSync(at('notes/results.ndjson'), 'mine\n');
    const { status, stderr } = kho(['fuzz', at('pair'), '-o', at('notes'), '--count', '1']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('results.ndjson')]);
    expect(readdirSync(at('notes'))).toEqual(['results.ndjson']);
  });
});

describe('an output is no more readable than its inputs', () => {
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  test.each([
    ['600', '600'],
    ['640', '640'],
    ['400', '600'],
    ['644', '644'],
  ])('a dump of mode %s gives outputs of mode %s', (given, expected) => {
    const before = process.umask();
    const own = at('own');
    cpSync(at('core'), own);
    chmodSync(own, Number.parseInt(given, 8));
    writeFileSync(at('older'), '');
    for (const args of [
      ['trim', own, '-o', at('small')],
      ['report', own, '-o', at('page')],
      ['dump', own, '--format', 'json', '-o', at('json')],
      ['validate', own, '--output', `sarif=${at('sarif')}`, '-o', at('text')],
      ['info', own, '-o', at('older')],
    ]) {
      expect(kho(args).status).toBe(0);
    }
    const masked = (Number.parseInt(expected, 8) & ~before).toString(8);
    for (const name of ['small', 'page', 'json', 'sarif', 'text']) expect(mode(at(name)), name).toBe(masked);
    expect(mode(at('older'))).toBe((Number.parseInt(expected, 8) & 0o644).toString(8));
  });
});

test('after -- words are names', () => {
  cpSync(join(fixtures, 'rfc-2024/overflow/kho.dtb'), at('--fail-on=never'));
  expect(kho(['validate', '--', at('--fail-on=never')]).status).toBe(1);
  const { status, stderr } = kho(['validate', '--', at('blob'), '--fail-on=never']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('--fail-on=never: no such file')]);
});

test('a file that the shell opened as standard input or output is an input or output as any other', () => {
  const before = contents();
  const run = (words: readonly string[], input: string, output?: string) => {
    const stdin = openSync(at(input), 'r');
    const stdout = output === undefined ? undefined : openSync(at(output), 'a');
    try {
      const stdio = [stdin, stdout ?? 'pipe', 'pipe'] as const;
      return spawnSync(process.execPath, ['bin/kho.js', ...words], { stdio: [...stdio], encoding: 'utf8' });
    } finally {
      closeSync(stdin);
      if (stdout !== undefined) closeSync(stdout);
    }
  };
  for (const result of [
    run(['trim', '-', '-o', at('hard')], 'core'),
    run(['dump', '-'], 'blob', 'blob'),
    run(['validate', at('link')], 'blob', 'core'),
  ]) {
    expect(result.stderr).toMatch(/is the input; nothing was written/);
    expect(result.status).toBe(2);
  }
  expect(contents()).toEqual(before);
});
