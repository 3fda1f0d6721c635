/** action.yml by running the script of its steps, and docs/ci.md by running every command of ours in it. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fixtures } from '../fixtures.js';
import { checkedRun } from '../report/sarif-check.js';
import { parseXml } from '../report/xml-parser.js';
import { byDay } from '../sweep.js';
import { kho } from './kho.js';

const top = fileURLToPath(new URL('../..', import.meta.url));

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
  readonly outputs: Readonly<Record<string, { description: string; value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const action: Action = parse(readFileSync(join(top, 'action.yml'), 'utf8'));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-action-'));
  mkdirSync(join(folder, 'debugfs'));
  const live = join(fixtures, 'linux-7.3-live-update');
  cpSync(join(live, 'handover.elf.gz'), join(folder, 'handover.elf'));
  cpSync(join(live, 'debugfs-in'), join(folder, 'debugfs/in'), { recursive: true });
  cpSync(join(live, 'debugfs-out'), join(folder, 'debugfs/out'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `${{ inputs.x }}` with what was given or the default. */
function expression(text: string, given: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ inputs\.([a-z-]+) \}\}/g, (_, name: string) => {
    const input = action.inputs[name];
    if (input === undefined) throw new Error(`no input ${name}`);
    return given[name] ?? input.default ?? '';
  });
}

/** What a runner gives to a step, and nothing of this process. */
function runnerEnvironment(output: string, checkout: string, path: string): Record<string, string> {
  return {
    PATH: path,
    HOME: folder,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION_PATH: checkout,
    GITHUB_OUTPUT: output,
    GITHUB_WORKSPACE: folder,
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: folder,
  };
}

interface ActionRun {
  /** The action's own files. */
  readonly checkout?: string;
  /** Folder with programs that come before the system's. */
  readonly programs?: string;
}

/** Runs the scripts of the steps as the runner does; the outputs of the step named `validate`. */
function runAction(
  given: Readonly<Record<string, string>>,
  { checkout = top, programs = '' }: ActionRun = {},
) {
  const output = join(folder, 'outputs');
  writeFileSync(output, '');
  const path = [programs, dirname(process.execPath), '/usr/bin', '/bin']
    .filter((part) => part !== '')
    .join(':');
  let status: number | null = 0;
  let text = '';
  for (const { run, env = {}, shell } of action.runs.steps) {
    if (run === undefined) continue;
    expect(shell).toBe('bash');
    const variables = Object.entries(env).map(([key, value]) => [key, expression(value, given)]);
    // A runner writes the script to a file, which bash reads.
    const script = join(folder, 'step.sh');
    writeFileSync(script, run);
    const step = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...runnerEnvironment(output, checkout, path), ...Object.fromEntries(variables) },
    });
    text += step.stdout + step.stderr;
    status = step.status;
    if (status !== 0) break;
  }
  const lines = readFileSync(output, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return { status, text, outputs: new Map(lines.map((line) => line.split('=') as [string, string])) };
}

const BROKEN = join(fixtures, 'rfc-2024/overflow');

describe('action.yml', () => {
  /** What the run on a broken dump printed. */
  let broken = '';

  test('is a composite action whose outputs its steps give and whose actions are pinned', () => {
    expect(action.runs.using).toBe('composite');
    for (const { uses, run, env = {} } of action.runs.steps) {
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
      // An expression within a script would let an input write code.
      expect(run ?? '').not.toContain('${{');
      for (const value of Object.values(env)) expect(() => expression(value, {})).not.toThrow();
    }
    for (const [name, { value }] of Object.entries(action.outputs)) {
      expect(value).toBe(`\${{ steps.validate.outputs.${name} }}`);
      expect(action.runs.steps.find(({ id }) => id === 'validate')?.run).toContain(`${name}=`);
    }
  });

  test('a healthy dump', () => {
    const { status, outputs, text } = runAction({ dumps: 'handover.elf\n' });
    expect(status, text).toBe(0);
    expect([...outputs]).toEqual([
      ['verdict', 'valid'],
      ['sarif', 'kho.sarif'],
    ]);
    expect(checkedRun(readFileSync(join(folder, 'kho.sarif'), 'utf8')).results).toEqual([]);
  });

  test('a broken one among two, with JUnit and more arguments', () => {
    const { status, outputs, text } = runAction({
      dumps: `handover.elf\n\n${BROKEN}`,
      sarif: 'out put.sarif',
      junit: 'kho.xml',
      args: '--rule\nDMAR-004\n',
    });
    broken = text;
    expect(status, text).toBe(1);
    expect([...outputs]).toEqual([
      ['verdict', 'invalid'],
      ['sarif', 'out put.sarif'],
    ]);
    const { results } = checkedRun(readFileSync(join(folder, 'out put.sarif'), 'utf8'));
    expect([...new Set(results.map(({ ruleId }) => ruleId))]).toEqual(['DMAR-004']);
    expect(parseXml(readFileSync(join(folder, 'kho.xml'), 'utf8')).attributes.failures).toBe('1');
  });

  test.skipIf(byDay)('a core that is cut off is incomplete, let pass or not', () => {
    const whole = gunzipSync(readFileSync(join(folder, 'handover.elf')));
    writeFileSync(join(folder, 'cut.elf'), whole.subarray(0, whole.length - 1));
    const { status, outputs } = runAction({ dumps: 'cut.elf' });
    expect([status, outputs.get('verdict')]).toEqual([2, 'incomplete']);
    const passed = runAction({ dumps: 'cut.elf', args: '--allow-incomplete' });
    expect([passed.status, passed.outputs.get('verdict')]).toEqual([0, 'incomplete']);
    // One that cannot be read beside it is worse.
    expect(runAction({ dumps: 'cut.elf\nnothing.elf' }).outputs.get('verdict')).toBe('unusable');
  });

  test('fail-on and a baseline', () => {
    expect(runAction({ dumps: BROKEN, 'fail-on': 'never' }).outputs.get('verdict')).toBe('valid');
    kho(['validate', BROKEN, '--write-baseline', join(folder, 'known.json'), '--fail-on', 'never']);
    expect(runAction({ dumps: BROKEN, baseline: 'known.json' }).status).toBe(0);
  });

  test('a line that looks like an option is a name', () => {
    const { status, outputs } = runAction({ dumps: `${BROKEN}\n--fail-on=never` });
    expect([status, outputs.get('verdict')]).toEqual([2, 'unusable']);
  });

  test.skipIf(byDay)('what an older run wrote is not published, whichever step fails', () => {
    const stale = () => {
      for (const name of ['kho.sarif', 'kho.xml']) writeFileSync(join(folder, name), 'of an older run');
    };
    const left = () =>
      ['kho.sarif', 'kho.xml'].filter(
        (name) =>
          existsSync(join(folder, name)) && readFileSync(join(folder, name), 'utf8') === 'of an older run',
      );
    stale();
    // Arguments that cannot be used: kho writes nothing.
    const refused = runAction({ dumps: 'handover.elf', junit: 'kho.xml', args: '--no-such-option' });
    expect([refused.status, refused.outputs.get('verdict'), refused.outputs.has('sarif')]).toEqual([
      2,
      'unusable',
      false,
    ]);
    expect(left()).toEqual([]);
    stale();
    // The installation fails: the step that validates is not reached.
    const programs = mkdtempSync(join(folder, 'programs-'));
    const checkout = mkdtempSync(join(folder, 'checkout-'));
    writeFileSync(join(programs, 'npm'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    const failed = runAction({ dumps: 'handover.elf', junit: 'kho.xml' }, { checkout, programs });
    expect([failed.status, failed.outputs.size]).toEqual([7, 0]);
    expect(left()).toEqual([]);
  });

  test.skipIf(byDay)(
    'in a checkout of the action that has not been built: it is built once, and in its own folder',
    () => {
      const programs = mkdtempSync(join(folder, 'programs-'));
      const checkout = mkdtempSync(join(folder, 'checkout-'));
      for (const name of ['bin', 'package.json'])
        cpSync(join(top, name), join(checkout, name), { recursive: true });
      symlinkSync(join(top, 'node_modules'), join(checkout, 'node_modules'));
      // What `npm ci` leaves behind, without the minute that it takes.
      const npm = `#!/bin/sh\necho "$PWD: npm $*"\nln -s ${join(top, 'dist')} dist\n`;
      writeFileSync(join(programs, 'npm'), npm, { mode: 0o755 });
      const first = runAction({ dumps: 'handover.elf' }, { checkout, programs });
      expect(first.status, first.text).toBe(0);
      expect(first.text).toContain(`${realpathSync(checkout)}: npm ci --no-audit --no-fund\n`);
      expect([...first.outputs]).toEqual([
        ['verdict', 'valid'],
        ['sarif', 'kho.sarif'],
      ]);
      const second = runAction({ dumps: 'handover.elf' }, { checkout, programs });
      expect(second.status).toBe(0);
      expect(second.text).not.toContain('npm ci');
    },
  );

  test('a name of two lines writes no output', () => {
    const { status, outputs } = runAction({ dumps: 'handover.elf', sarif: 'a\nverdict=valid' });
    expect([status, outputs.size]).toEqual([2, 0]);
  });

  test('nothing of a dump is read as a command of the runner', () => {
    const text = broken;
    const [, token] = /^::stop-commands::([0-9a-f]{32})$/m.exec(text) ?? [];
    expect(
      text
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('::')),
    ).toEqual([`::stop-commands::${token}`, `::${token}::`]);
  });

  test('a dump that is not there, and names that a shell would run', () => {
    rmSync(join(folder, 'kho.sarif'), { force: true });
    for (const dumps of ['nothing.elf', '$(touch pwned)\n`touch pwned`; touch pwned']) {
      const { status, outputs } = runAction({ dumps });
      expect([status, outputs.get('verdict')]).toEqual([2, 'unusable']);
    }
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

describe('docs/ci.md', () => {
  const page = readFileSync(join(top, 'docs/ci.md'), 'utf8');
  const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line.startsWith('kho '));

  test('has commands', () => expect(commands.length).toBeGreaterThan(8));

  test.each(commands)('%s', (command) => {
    // Words that no shell changes; the names in them are relative to where the dumps are.
    expect(command).toMatch(/^kho [\w./=, -]+$/);
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { status, stderr } = kho(command.split(/ +/).slice(1));
      expect(status, stderr).toBe(0);
    } finally {
      process.chdir(before);
    }
  });

  test('names the inputs and outputs that the action has', () => {
    const line = /^Inputs: .*?^Outputs: .*?$/ms.exec(page)?.[0] ?? '';
    for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)]) {
      expect(line).toContain(`\`${name}\``);
    }
    const example = parse(/```yaml\n(jobs:.*?)```/s.exec(page)?.[1] ?? '');
    for (const step of example.jobs.handover.steps) {
      for (const input of Object.keys(step.id === 'kho' ? step.with : {})) {
        expect(Object.keys(action.inputs)).toContain(input);
      }
    }
  });
});
