/** `kho completion` and `kho man`: complete, and accepted by what reads them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { SHELLS, type Shell } from '../../src/cli/completion/shells.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function installed(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

function script(shell: Shell): string {
  const { status, stdout, stderr } = kho(['completion', shell]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** The manual page without roff's escapes. */
function plain(roff: string): string {
  return roff
    .replace(/\\f[BIP]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(ha', '^')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ti', '~')
    .replaceAll('\\(ga', '`')
    .replaceAll('\\(rs', '\\')
    .replaceAll('\\(dq', '"');
}

describe('the command table', () => {
  test('has every command, and options as the help has them', async () => {
    const table = await commandTable(COMMANDS);
    expect(table.map(({ form }) => form)).toEqual(COMMANDS.map(({ form }) => form));
    // yargs takes a fifth of a second to lay out a page of help.
    for (const { name, options, positionals } of table.filter(({ name }) =>
      /^(?:dump|synth|man)$/.test(name),
    )) {
      const help = kho([name, '--help']).stdout;
      const listed = [...help.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, option]) => option);
      expect(new Set([...options.map((option) => option.name), 'help', 'version'])).toEqual(new Set(listed));
      for (const positional of positionals) expect(help).toContain(positional.name);
    }
  });
});

describe.each(SHELLS)('completion for %s', (shell) => {
  test('names every command and option', async () => {
    const text = script(shell);
    for (const { name, options } of await commandTable(COMMANDS)) {
      expect(text).toContain(name);
      for (const option of options)
        expect(text).toContain(`${shell === 'fish' ? '-l ' : '--'}${option.name}`);
    }
  });

  test.skipIf(!installed(shell))('is a script that the shell accepts', () => {
    const path = join(folder, `kho.${shell}`);
    writeFileSync(path, script(shell));
    const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

test('another shell is refused', () => {
  expect(kho(['completion', 'tcsh'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'kho: "tcsh" is not one of bash, zsh, fish (see kho completion --help)\n',
  });
});

test.each([
  ['/usr/bin/fish', 'fish'],
  ['/bin/zsh', 'zsh'],
  ['/bin/tcsh', 'bash'],
] as const)('without a shell it is for that of SHELL: %s', (path, shell) => {
  // A process of its own: a thread has the environment that it began with.
  const { status, stdout } = spawnSync(process.execPath, ['bin/kho.js', 'completion'], {
    encoding: 'utf8',
    env: { ...process.env, SHELL: path },
  });
  expect({ status, same: stdout === script(shell) }).toEqual({ status: 0, same: true });
});

describe('what bash completes', () => {
  function complete(...words: string[]): string[] {
    const path = join(folder, 'complete.bash');
    writeFileSync(path, script('bash'));
    const run = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kho; echo "$\{COMPREPLY[*]}"`;
    const { stdout } = spawnSync('bash', ['-c', run, '-', path, 'kho', ...words], { encoding: 'utf8' });
    return stdout.split(/\s+/).filter((word) => word !== '');
  }

  test.each([
    [['val'], ['validate']],
    [
      ['dump', '--format', ''],
      ['tree', 'json', 'dts'],
    ],
    [
      ['validate', 'x.dtb', '--format', '=', 'j'],
      ['json', 'junit'],
    ],
    [
      ['validate', '--rule', 'FDT-001,LUO-00'],
      expect.arrayContaining(['FDT-001,LUO-002', 'FDT-001,LUO-009']),
    ],
    [['validate', '--require', 'MEMB'], ['MEMBLOCK']],
    [['validate', '--to', '6.1'], expect.arrayContaining(['6.16', '6.18'])],
    [['synth', '--abi', 'kho-v'], expect.arrayContaining(['kho-v1', 'kho-v4'])],
    [['explain', 'memfd_luo_ser'], expect.arrayContaining(['memfd_luo_ser'])],
    [['walk', '--form'], ['--format']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    // Left to readline, which completes names of files.
    [['dump', 'memory'], []],
    [['dump', 'x.dtb', '--memory', ''], []],
  ])('kho %j', (words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });
});

describe('the manual page', () => {
  const page = kho(['man']).stdout;

  test('is the one in man/ (npm run docs writes it)', () => {
    expect(readFileSync('man/kho.1', 'utf8')).toBe(page);
  });

  test('names every command, option, argument and example', async () => {
    const text = plain(page);
    for (const { name, options, positionals, examples } of await commandTable(COMMANDS)) {
      expect(text).toContain(`\n.SS kho ${name}`);
      for (const option of options) expect(text).toContain(`--${option.name}`);
      for (const positional of positionals) expect(text).toContain(positional.name.toUpperCase());
      for (const [line] of examples) expect(text).toContain(line);
    }
  });

  test.skipIf(!installed('groff'))('groff has no warning', () => {
    const { status, stderr } = spawnSync('groff', ['-ww', '-man', '-Tutf8'], {
      input: page,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  // It has no --version.
  test.skipIf(!installed('mandoc'))("mandoc's lint has nothing to say", () => {
    const { status, stdout } = spawnSync('mandoc', ['-T', 'lint'], { input: page, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
