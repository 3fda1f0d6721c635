/** Every command of ours that a page shows is run, in a folder with the files that it names; docs/ci.md: test/cli/action. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kho } from './cli/kho.js';
import { fixtures } from './fixtures.js';
import { byDay, sweep } from './sweep.js';

const top = fileURLToPath(new URL('..', import.meta.url));
const PAGES = ['README.md', 'docs/install.md', 'docs/synth.md'];

/** Names that the pages use for a reader's own files. */
const FILES = {
  'kho.dtb': 'rfc-2024/superpages/kho.dtb',
  'memory.elf.gz': 'rfc-2024/superpages/memory.elf.gz',
  'core.elf.gz': 'linux-7.3-iommu-legacy/handover1.elf.gz',
  iommu_regset: 'linux-7.3-iommu-legacy/vtd/iommu_regset',
  'before.elf': 'linux-7.3-running/run2-retrieved.elf.gz',
  'after.elf': 'linux-7.3-running/run5-outgoing.elf.gz',
  vmcore: 'linux-7.3-live-update/handover.elf.gz',
} as const;

/** What needs a network, root, a host under test, or runs this very test. */
const ELSEWHERE = /^(?:npm|npx|scp|ssh|sudo|node|cp|echo|\.\/kho|kho capture)\b/;

interface Shown {
  readonly page: string;
  readonly command: string;
  /** Lines that the page shows of its output. */
  readonly output: readonly string[];
}

/** Commands of a page's fences: after `$ `, or lines that begin with `kho` where there is no prompt. */
function shown(page: string): Shown[] {
  const text = readFileSync(join(top, page), 'utf8');
  const found: { page: string; command: string; output: string[] }[] = [];
  for (const [, kind = '', block = ''] of text.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (!['', 'sh', 'console'].includes(kind)) continue;
    const prompted = kind === 'console';
    for (const line of block.split('\n')) {
      const command = prompted ? /^\$ (.*)$/.exec(line)?.[1] : line;
      if (command === undefined) found.at(-1)?.output.push(line);
      else if (command.trim() !== '')
        found.push({ page, command: command.replace(/ +#.*$/, ''), output: [] });
    }
  }
  return found.filter(({ command }) => !ELSEWHERE.test(command));
}

const commands = PAGES.flatMap(shown);
const ours = commands.filter(({ command }) => /^kho /.test(command));

let folder = '';
let before = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  symlinkSync(fixtures, join(folder, 'fixtures'));
  for (const [name, path] of Object.entries(FILES)) cpSync(join(fixtures, path), join(folder, name));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin/kho'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(top, 'bin/kho.js')}' "$@"\n`,
  );
  chmodSync(join(folder, 'bin/kho'), 0o755);
  before = process.cwd();
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** In a shell where it needs one; files that it would write elsewhere are written here. */
function run(command: string): { status: number | null; stdout: string; stderr: string } {
  const daily = command
    .replace(/--count 1000\b/, `--count ${sweep(1000, 10)}`)
    .replace(/--guest-ram \d+G/, (size) => (byDay ? '--guest-ram 1G' : size));
  if (!/[|>&;'"]/.test(daily)) return kho(daily.split(/ +/).slice(1));
  const here = daily.replace(/> (?:~|\/\S*)?\/(\S+)/g, (_, path: string) => {
    return `> ${path.replaceAll('/', '-')}`;
  });
  return spawnSync('bash', ['-o', 'pipefail', '-c', here], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      NO_COLOR: '1',
      MANPAGER: 'cat',
    },
  });
}

/** Whether a line of a page stands in what was printed; an ellipsis is anything. */
function printed(line: string, lines: readonly string[]): boolean {
  const parts = line.split('…').map((part) => part.trim());
  return lines.some((each) => {
    let at = 0;
    for (const part of parts) {
      const found = each.replace(/\s+/g, ' ').indexOf(part.replace(/\s+/g, ' '), at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  });
}

const MISSING = ['jq', 'man'].filter((program) => spawnSync('which', [program]).status !== 0);

describe.each(PAGES)('%s', (page) => {
  const here = ours.filter((each) => each.page === page);
  test.each(here)('$command', ({ command, output }) => {
    if (MISSING.some((program) => new RegExp(`\\| ${program} `).test(command))) return;
    const { status, stdout, stderr } = run(command);
    expect([0, 1], `${status} ${stderr}`).toContain(status);
    expect(stderr).not.toMatch(/internal error|see kho .*--help/);
    // Long lines are broken where a terminal is narrow, and on the page.
    const lines = stdout.split('\n');
    // Without the remarks beside commands that go on on the next line.
    for (const line of output.filter((each) => !/^\s*(?:#|$)/.test(each))) {
      if (!printed(line, lines)) expect(stdout).toContain(line.trim());
    }
  });
});

test('the pages have commands, and no others than ours', () => {
  expect(ours.length).toBeGreaterThan(18);
  expect(commands.filter((each) => !ours.includes(each)).map(({ command }) => command)).toEqual([]);
});
