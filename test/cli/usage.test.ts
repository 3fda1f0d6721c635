/** Exit statuses, and errors that are one line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rfcFiles } from '../fixtures.js';
import { kho } from './kho.js';

const { blob, memory, folder: dump } = rfcFiles('two-vms');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Commands that take a value for some option, with arguments that are right by themselves. */
const COMMANDS = [
  { name: 'info', args: [blob] },
  { name: 'dump', args: [blob] },
  { name: 'encode', args: ['/nonexistent/model.json'] },
  { name: 'validate', args: [blob] },
  { name: 'explain', args: [] },
  { name: 'walk', args: [memory] },
  { name: 'diff', args: [blob, blob] },
  { name: 'trim', args: [memory] },
  { name: 'synth', args: ['--abi', 'kho-v4'] },
  { name: 'fuzz', args: [memory] },
  { name: 'report', args: [blob] },
  { name: 'what', args: [memory, '0x1000'] },
  { name: 'capture', args: [] },
  { name: 'check-abi', args: ['/nonexistent/vmlinux'] },
];
const LISTS = ['rule', 'skip', 'require', 'assume', 'domain', 'with'];

/** Options of a command that take a value, but for the one that may be empty. */
function optionsOf(command: string): string[] {
  const help = kho([command, '--help']).stdout.replace(/\nExamples:.*/s, '');
  const names = help
    .split(/\n {1,8}(?=-)/)
    .slice(1)
    .flatMap((told) => (told.includes('[boolean]') ? [] : [/--([a-z0-9-]+)/.exec(told)?.[1] ?? []]))
    .flat();
  return names.filter((name) => name !== 'session');
}

describe('unusable arguments and input: status 2 and one line', () => {
  test.each([
    ['unknown command', ['dumpp', blob]],
    ['unknown option', ['dump', '--formatt', 'json', blob]],
    ['option without its value', ['dump', blob, '--format']],
    ['unknown format', ['dump', '--format', 'yaml', blob]],
    ['no dump', ['dump']],
    ['missing file', ['dump', '/nonexistent/kho.dtb']],
    ['folder that is not a dump', ['dump', '/']],
    ['no such node', ['dump', '--node', '/nothing', blob]],
    ['bad number', ['walk', memory, '--pgd', '0xzz', '--agaw', '2']],
    ['agaw out of range', ['walk', memory, '--pgd', '0x1000', '--agaw', '9']],
    ['no domain', ['walk', memory, '--domain', '99']],
    ['tables without memory', ['walk', blob, '--domain', '1']],
    ['unknown rule', ['validate', '--rule', 'KHO-999', blob]],
    ['unknown generation', ['dump', '--assume', 'kho-v9', blob]],
    ['unknown topic', ['explain', 'nothing']],
    ['a memory dump as memory of a memory dump', ['dump', memory, '--memory', memory]],
    ['a blob as memory', ['dump', blob, '--memory', blob]],
    ['an output that cannot be written', ['dump', blob, '-o', '/nonexistent/out']],
    ['an output that is a folder', ['dump', blob, '-o', '/']],
  ])('%s', (_what, args) => {
    const { status, stdout, stderr } = kho(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^kho: [^\n]+\n$/);
    expect(stderr).not.toMatch(/\bat .*\.js/);
  });

  test.each([
    [['vaildate', blob], 'there is no command "vaildate"; did you mean validate? (see kho --help)'],
    [['frobnicate'], 'there is no command "frobnicate" (see kho --help)'],
    [
      ['dump', '--fromat', 'json', blob],
      'there is no option --fromat; did you mean --format? (see kho dump --help)',
    ],
    [['validate', blob, '--zzzzz'], 'there is no option --zzzzz (see kho validate --help)'],
    [['explain', 'a', 'b'], 'kho explain: "b" is one argument too many (see kho explain --help)'],
    [['diff'], 'an argument is missing: kho diff <a> [b] (see kho diff --help)'],
    [
      ['validate', blob, '--rule', 'DMRA'],
      '--rule: there is no rule DMRA; did you mean DMAR? (see kho validate --help)',
    ],
    [
      ['validate', blob, '--skip', 'KHO-10x'],
      expect.stringMatching(/^kho: --skip: there is no rule KHO-10x; did you mean KHO-10\d, /),
    ],
    [['validate', blob, '--rule', 'Z*'], expect.stringMatching(/there is no rule Z\*/)],
    [['validate', blob, '--fail-on'], '--fail-on needs a value (see kho validate --help)'],
  ])('%j says what was wrong, and what was probably meant', (args, text) => {
    const stderr = typeof text === 'string' ? `kho: ${text}\n` : text;
    expect(kho(args)).toEqual({ status: 2, stdout: '', stderr });
  });

  // As a shell's unset variable gives it: never the same as without the option.
  test.each(
    COMMANDS.flatMap(({ name, args }) =>
      optionsOf(name).flatMap((option) =>
        (LISTS.includes(option) ? ['', ',', ',,'] : ['']).map((value) => ({ name, args, option, value })),
      ),
    ),
  )('kho $name --$option "$value" is refused', ({ name, args, option, value }) => {
    const shown = option === 'output' ? '-o' : `--${option}`;
    for (const given of [[`--${option}`, value], [`--${option}=${value}`]]) {
      expect(kho([name, ...args, ...given])).toEqual({
        status: 2,
        stdout: '',
        stderr: `kho: ${shown}: "${value}" names nothing; leave it out (see kho ${name} --help)\n`,
      });
    }
  });

  test('--session takes an empty name, which 7.1 makes', () => {
    expect(kho(['dump', memory, '--session', ''])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/has no session ""/),
    });
  });

  test.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4], /is not read: it is compressed with xz: .* xz -d$/m],
    ['LiME', [0x45, 0x4d, 0x69, 0x4c, 1, 0, 0, 0], /is not read: it is a LiME image: .*format=padded/],
    [
      'a migration stream',
      Buffer.from('QEVM\0\0\0\x03'),
      /is not read: it is a migration stream of QEMU.*dump-guest-memory/,
    ],
    ['a save file', Buffer.from('LibvirtQemudSave\x02'), /save file of libvirt.*virsh dump --memory-only/],
    ['an unfinished one', Buffer.from('LibvirtQemudPart\x02'), /not finished.*virsh dump --memory-only/],
    ['win-dmp', Buffer.from('PAGEDU64\x0f\0'), /Windows crash dump.*without -w/],
    ['zip', Buffer.from('PK\x03\x04\x14\0'), /is not read: it is a zip archive: .*unzip/],
  ])('%s is named', (_what, content, text) => {
    const { status, stderr } = kho(['info', file('input', Uint8Array.from(content))]);
    expect(status).toBe(2);
    expect(stderr).toMatch(text);
  });

  test.each([
    ['empty file', new Uint8Array(0)],
    ['text', 'hello, world\n'],
    ['picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])],
    ['half an ELF header', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])],
  ])('%s', (_what, content) => {
    const path = file('input', content);
    for (const command of ['info', 'dump', 'validate']) {
      const { status, stderr } = kho([command, path]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^kho: [^\n]+\n$/);
    }
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    [
      'number that does not fit',
      '{"generation":"rfc-2024","domains":[{"persistentId":1,"pgd":"0x10000000000000000"}]}',
    ],
    [
      'record without a field',
      '{"generation":"rfc-2024","domains":[{"persistentId":1,"mem":[{"addr":"0x0"}]}]}',
    ],
    ['unknown generation', '{"generation":"kho-v9","fdt":{"size":0,"tree":[]}}'],
    ['tree entry of no kind', '{"fdt":{"size":64,"tree":[{"x":1}]}}'],
    ['size out of all proportion', '{"fdt":{"size":4000000000,"tree":[]}}'],
    ['nothing to write', '{}'],
  ])('model: %s', (_what, json) => {
    const output = join(folder, 'out.dtb');
    const { status, stderr } = kho(['encode', '-', '-o', output], json);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^kho: standard input: [^\n]+\n$/);
    expect(readdirSync(folder)).not.toContain('out.dtb');
  });
});

test('help and version go to standard output', () => {
  for (const args of [
    ['--help'],
    ['dump', '--help'],
    ['validate', '--help'],
    ['walk', '--help'],
    ['encode', '--help'],
  ]) {
    const { status, stdout, stderr } = kho(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Examples:|kho dump/);
  }
  expect(kho(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a dump from standard input', () => {
  const { status, stdout } = kho(['dump', '-', '--format', 'json'], Uint8Array.from(rfcBlob()));
  expect(status).toBe(0);
  expect(JSON.parse(stdout).generation).toBe('rfc-2024');
});

function rfcBlob(): Uint8Array {
  const { stdout } = kho(['dump', '--format', 'json', blob]);
  const output = join(folder, 'copy.dtb');
  expect(kho(['encode', '-', '-o', output], stdout).status).toBe(0);
  return new Uint8Array(readFileSync(output));
}

test('validate: 1 on errors, 0 when told never to fail, 2 when any dump is unreadable', () => {
  expect(kho(['validate', dump]).status).toBe(1);
  expect(kho(['validate', dump, '--fail-on', 'never']).status).toBe(0);
  expect(kho(['validate', '/nonexistent', dump]).status).toBe(2);
  expect(kho(['validate', dump, '--rule', 'FDT-001,KHO-003']).status).toBe(0);
});

test('names that would steer a terminal are escaped, in text, in errors and on standard error', () => {
  const json = JSON.parse(kho(['dump', '--format', 'json', blob]).stdout);
  json.fdt.tree.splice(2, 0, { node: 'n\u001b[31mred\u202e' }, { end: true });
  const evil = join(folder, 'evil.dtb');
  expect(kho(['encode', '-', '-o', evil], JSON.stringify(json)).status).toBe(0);
  for (const args of [
    ['dump', evil],
    ['dump', '--format', 'dts', evil],
    ['validate', evil],
    ['info', evil],
  ]) {
    const { stdout, stderr } = kho(args);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  }
  expect(kho(['dump', '--format', 'json', evil]).stdout).toContain('\\u001b[31mred');
});

test('explain lists every rule, id first, and explains one of them and a record', () => {
  const lines = kho(['explain']).stdout.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(100);
  for (const line of lines) expect(line).toMatch(/^[A-Z]{2,}-\d{3} /);
  expect(kho(['explain', 'DMAR-010']).stdout).toContain('save_pte_pages');
  expect(kho(['explain', 'kho_mem']).stdout).toContain('16 bytes');
});

test('rules are named by id, area or pattern', () => {
  const ids = (...args: string[]) => {
    const { dumps } = JSON.parse(kho(['validate', blob, '--format', 'json', ...args]).stdout);
    const { skipped, run } = dumps[0].rules;
    return { run, skipped: skipped.filter(({ why }: { why: string }) => why !== 'left out').length };
  };
  const whole = ids();
  expect(ids('--rule', 'FDT')).toEqual(ids('--rule', 'FDT-*'));
  expect(ids('--rule', 'FDT').run).toBeGreaterThan(1);
  expect(ids('--rule', 'fdt-001').run).toBe(1);
  expect(ids('--skip', 'FDT,KHO').run).toBeLessThan(whole.run);
  const listed = kho(['explain', 'FDT']).stdout.trimEnd().split('\n');
  expect(listed).toEqual(
    kho(['explain'])
      .stdout.split('\n')
      .filter((line) => line.startsWith('FDT-')),
  );
  expect(kho(['explain', 'fdt-01*']).stdout.trimEnd().split('\n')).toHaveLength(
    listed.filter((line) => line.startsWith('FDT-01')).length,
  );
});

test('without a command, the help', () => {
  const { status, stdout, stderr } = kho([]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('kho validate [dumps..]');
  expect(`${stderr}`).toContain(kho(['--help']).stdout.trim().split('\n')[0]);
});

describe('explain RECORD', () => {
  const forms = (topic: string): string[] =>
    kho(['explain', topic])
      .stdout.split('\n')
      .filter((line) => line.includes('little-endian'));

  test.each(['memfd_luo_ser', 'struct memfd_luo_ser'])('%s: all forms, newest first, by release', (topic) => {
    expect(forms(topic)).toEqual([
      'struct memfd_luo_ser  48 bytes, little-endian  memfd-v2, Linux 7.1 and later',
      'struct memfd_luo_ser  40 bytes, little-endian  memfd-v1, Linux 6.19 to 7.0',
    ]);
  });

  test('states of development are of no release', () => {
    expect(forms('luo_ser').map((line) => line.replace(/.*endian {2}/, ''))).toEqual([
      'luo-v5, Linux 7.2 and later',
      'luo-v5 with a composite string, no release',
      'luo-v4, no release',
      'luo-v3, no release',
      'luo-v2, no release',
    ]);
  });

  test('one form by its own name, with the others', () => {
    const { stdout } = kho(['explain', 'luo_session_ser_v1']);
    expect(stdout.match(/endian/g)).toHaveLength(1);
    expect(stdout).toContain('luo-v1 to luo-v4, Linux 6.19 to 7.1');
    expect(stdout).toContain('other forms: luo_session_ser (luo-v5, Linux 7.2 and later)');
  });

  test('names are listed, and what a wrong one was meant to be', () => {
    expect(kho(['explain', 'records']).stdout).toMatch(/^memfd_luo_ser_v1 +40 bytes +A memfd, memfd-v1\.$/m);
    expect(kho(['explain', 'memfd_lou_ser']).stderr).toContain('did you mean memfd_luo_ser');
    expect(kho(['explain', 'memfd']).stderr).toContain('memfd_luo_ser');
    expect(kho(['explain', 'nothing at all']).stderr).toMatch(/: .*guestmemfs_inode, .*memfd_luo_ser, /);
  });
});

test('colour only when asked for', () => {
  expect(kho(['dump', blob]).stdout).not.toContain('\u001b[');
  expect(kho(['dump', blob, '--color', 'always']).stdout).toContain('\u001b[');
});
