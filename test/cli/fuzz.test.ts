/** `kho fuzz` as a process: cases and manifest, programs that crash, hang and refuse, shrinking, going on. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const BLOB = join(fixtures, 'rfc-2024', 'three-level', 'kho.dtb');
const CORE = join(fixtures, 'linux-6.18-handover', 'handover.elf.gz');
const AT = ['--fdt-addr', '0x2d8e000'];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-fuzz-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly case: number;
  readonly seed: string;
  readonly file?: string;
  readonly mutations: readonly string[];
  readonly levels: readonly string[];
  readonly expect: string;
  readonly outcome?: string;
  readonly signal?: string;
  readonly status?: number;
  readonly minimal?: { readonly file: string; readonly mutations: readonly string[] };
}

function lines(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** The run.json of a folder. */
function record(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as Record<string, unknown>;
}

/** Every file of a folder with its bytes. */
function contents(path: string): Map<string, string> {
  return new Map(
    readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(join(path, name)).toString('latin1')]),
  );
}

describe('cases as files', () => {
  test('the same seed gives the same bytes, another one others', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name));
    expect(kho(['fuzz', CORE, ...AT, '--count', '12', '--seed', '7', '-o', a ?? '']).status).toBe(0);
    expect(kho(['fuzz', CORE, ...AT, '--count', '12', '--seed', '7', '-o', b ?? '']).status).toBe(0);
    expect(kho(['fuzz', CORE, ...AT, '--count', '12', '--seed', '8', '-o', c ?? '']).status).toBe(0);
    const [first, again, other] = [a, b, c].map((path) => contents(path ?? ''));
    expect([...(first?.keys() ?? [])]).toHaveLength(12 + 3);
    expect(first).toEqual(again);
    expect(other?.get('000003.elf')).not.toEqual(first?.get('000003.elf'));
  });

  test('the manifest has a line for each, and validate finds in the file what it says', () => {
    const out = join(folder, 'judged');
    expect(kho(['fuzz', BLOB, '--count', '60', '-o', out]).status).toBe(0);
    const before = failedRules(BLOB);
    let decided = 0;
    for (const line of lines(join(out, 'manifest.ndjson'))) {
      expect(line.seed).toBe('0x1');
      expect(line.file).toMatch(/^\d{6}\.dtb$/);
      expect(line.mutations.length).toBe(line.levels.length);
      if (line.expect === 'unknown' || decided >= 8) continue;
      decided++;
      const { rules, status } = failedRulesOf(join(out, line.file ?? ''));
      // A blob that is no longer a handover is refused as a whole.
      if (status === 2) continue;
      if (line.expect.startsWith('none')) expect(rules.filter((rule) => !before.includes(rule))).toEqual([]);
      else
        expect(
          line.expect.split(' or ').some((rule) => rules.includes(rule)),
          JSON.stringify(line),
        ).toBe(true);
    }
    expect(decided).toBeGreaterThan(4);
  });

  test('run.json says what was mutated and how, and its command gives the run again', () => {
    const out = join(folder, 'recorded');
    expect(kho(['fuzz', CORE, ...AT, '--count', '4', '--seed', '9', '-o', out]).status).toBe(0);
    const run = record(out);
    expect(run).toMatchObject({ tool: 'kho fuzz', seed: '0x9', first: 0, count: 4, blobs: false });
    expect(run.directory).toBe(process.cwd());
    const [name, ...words] = run.command as string[];
    expect(name).toBe('kho');
    const again = join(folder, 'recorded again');
    expect(kho([...words, '-o', again]).status).toBe(0);
    expect(contents(again)).toEqual(contents(out));
  });

  test('one case by its number is the same as among others', () => {
    const out = join(folder, 'one');
    expect(kho(['fuzz', BLOB, '--first', '42', '--count', '1', '-o', out]).status).toBe(0);
    const all = join(folder, 'judged');
    expect(readFileSync(join(out, '000042.dtb')).equals(readFileSync(join(all, '000042.dtb')))).toBe(true);
  });

  test('an interrupted run continues where it was, to the same files', () => {
    const out = join(folder, 'resumed');
    expect(kho(['fuzz', BLOB, '--count', '5', '-o', out]).status).toBe(0);
    appendFileSync(join(out, 'manifest.ndjson'), '{"case":5,"see');
    const { status, stderr } = kho(['fuzz', BLOB, '--count', '9', '-o', out]);
    expect(status).toBe(0);
    expect(stderr).toContain('4 cases written, 5 already existed');
    expect(lines(join(out, 'manifest.ndjson')).map((line) => line.case)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const whole = join(folder, 'whole');
    expect(kho(['fuzz', BLOB, '--count', '9', '-o', whole]).status).toBe(0);
    expect(contents(out)).toEqual(contents(whole));
  });

  test('a folder of another run is left alone', () => {
    const out = join(folder, 'resumed');
    const { status, stderr } = kho(['fuzz', BLOB, '--seed', '2', '--count', '5', '-o', out]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/holds another run \(seed 0x1\)/);
  });

  test('--blobs gives blobs of the tree and its children, and a dictionary', () => {
    const out = join(folder, 'blobs');
    expect(kho(['fuzz', CORE, ...AT, '--blobs', '--count', '12', '-o', out]).status).toBe(0);
    const names = readdirSync(out).filter((name) => /^\d{6}\./.test(name));
    expect(names).toHaveLength(12);
    expect(names.every((name) => name.endsWith('.dtb'))).toBe(true);
    expect(readFileSync(join(out, 'kho.dict'), 'utf8')).toContain('preserved-memory-map');
  });

  test('--abi mutates a dump that is made for it', () => {
    for (const abi of ['rfc-2024', 'kho-v1', 'kho-v2', 'kho-v3', 'kho-v4']) {
      const out = join(folder, abi);
      expect(kho(['fuzz', '--abi', abi, '--seed', '3', '--count', '3', '-o', out]).status).toBe(0);
      expect(lines(join(out, 'manifest.ndjson'))).toHaveLength(3);
    }
  });
});

function failedRulesOf(path: string): { rules: string[]; status: number | null } {
  const { stdout, status } = kho([
    'validate',
    '--assume',
    'rfc-2024',
    '--format',
    'json',
    '--fail-on',
    'never',
    path,
  ]);
  if (status !== 0) return { rules: [], status };
  const { dumps } = JSON.parse(stdout) as { dumps: { findings: { rule: string; severity: string }[] }[] };
  return {
    rules: (dumps[0]?.findings ?? []).flatMap(({ rule, severity }) => (severity === 'note' ? [] : [rule])),
    status,
  };
}

function failedRules(path: string): string[] {
  return failedRulesOf(path).rules;
}

describe('--exec', () => {
  /** A script that crashes when the version is not 17, refuses a blob of another size, else takes it. */
  function crashing(): string {
    const path = join(folder, 'crashes.sh');
    writeFileSync(
      path,
      `set -- $(od -An -v -tx1 "$1")
[ $# -lt 24 ] || [ "\${21}\${22}\${23}\${24}" = 00000011 ] || kill -s SEGV $$
[ $# -eq ${readFileSync(BLOB).length} ]
`,
    );
    return `sh ${path} @@`;
  }

  test('tells crash, rejection and acceptance apart, keeps and shrinks what crashes', () => {
    const out = join(folder, 'crashes');
    const run = ['fuzz', BLOB, '--exec', crashing(), '--count', '30', '--seed', '5', '-o', out];
    const { status, stdout, stderr } = kho(run);
    expect(status, stderr).toBe(1);
    const results = lines(join(out, 'results.ndjson'));
    expect(results).toHaveLength(30);
    const count = (outcome: string) => results.filter((line) => line.outcome === outcome).length;
    for (const outcome of ['crash', 'rejected', 'accepted'])
      expect(count(outcome), outcome).toBeGreaterThan(0);
    expect(stderr).toContain(
      `30 cases: ${count('accepted')} accepted, ${count('rejected')} rejected, ${count('crash')} crash`,
    );
    const kept = new Set(readdirSync(out));
    const original = readFileSync(BLOB);
    for (const line of results) {
      if (line.outcome !== 'crash') {
        expect(line.file).toBeUndefined();
        continue;
      }
      expect(line.signal).toBe('SIGSEGV');
      expect(kept.has(line.file ?? '')).toBe(true);
      const minimal = readFileSync(join(out, line.minimal?.file ?? ''));
      // Nothing but the version is left of what was done, and little of the tree.
      expect(minimal.readUInt32BE(20)).not.toBe(17);
      expect(minimal.length).toBeLessThanOrEqual(original.length);
      const touched = (line.minimal?.mutations ?? []).filter((words) => !words.startsWith('without '));
      expect(touched).toHaveLength(1);
      expect(stdout).toContain(`case ${line.case}: crash (SIGSEGV): `);
    }
    // The folder says how to have the same cases judged again.
    const { command, ...said } = record(out);
    expect(said).toMatchObject({ seed: '0x5', count: 30, timeout: 10, exec: crashing().split(' ') });
    expect(command).toEqual([
      'kho',
      ...['fuzz', BLOB, '--exec', crashing(), '--timeout', '10'],
      ...['--seed', '0x5', '--first', '0', '--count', '30'],
    ]);
    // All is there: nothing is run again, and the verdict is the same.
    const again = kho(run);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('(30 of them from before)');
    expect(lines(join(out, 'results.ndjson'))).toHaveLength(30);
  }, 120_000);

  test('a hang is killed when its time is up, with what it started', () => {
    const hangs = `sh -c "cmp -s $0 $1 || { sleep 1000.5 & wait; }" @@ ${BLOB}`;
    const run = ['fuzz', BLOB, '--exec', hangs, '--timeout', '1', '--count', '1'];
    const { status, stdout } = kho(run);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^case \d+: hang: /);
    expect(spawnSync('pgrep', ['-f', 'sleep 1000.5']).status).not.toBe(0);
  }, 120_000);

  test('a program gets the case as its input, and as its last argument where nothing stands for it', () => {
    const statuses = (name: string, command: string) => {
      const run = kho(['fuzz', BLOB, '--exec', command, '--count', '3', '-o', join(folder, name)]);
      expect(run.status).toBe(0);
      return lines(join(folder, name, 'results.ndjson')).map(({ status }) => status);
    };
    expect(statuses('input', "sh -c 'cmp -s - $0 && exit 5'")).toEqual([5, 5, 5]);
    expect(statuses('named', "sh -c 'test $# = 1 && test -s $1 && exit 6' sh @@")).toEqual([6, 6, 6]);
  });

  test('the memory limit holds', () => {
    // What exceeds it takes long on a busy machine: the limit is asked for.
    const asking = "sh -c 'test $(ulimit -v) -eq 65536 && exit 9' @@";
    const out = join(folder, 'limited');
    const limited = kho(['fuzz', BLOB, '--exec', asking, '--memory-limit', '64M', '--count', '1', '-o', out]);
    expect(limited.status).toBe(0);
    expect(lines(join(out, 'results.ndjson')).map(({ outcome, status }) => [outcome, status])).toEqual([
      ['rejected', 9],
    ]);
  });

  test("words are no shell's: quotes keep blanks together, and nothing else means anything", () => {
    const double = kho([
      'fuzz',
      BLOB,
      '--exec',
      'sh -c "test -f $0 && test $1 = ~ || exit 4" @@ ~',
      '--count',
      '2',
      '-o',
      join(folder, 'words2'),
    ]);
    expect(double.status).toBe(0);
    expect(lines(join(folder, 'words2', 'results.ndjson')).map((line) => line.status)).toEqual([4, 4]);
  });

  test.each([
    ['nothing to do', [BLOB], /-o DIR, --exec CMD or --self is missing/],
    ['no dump', ['-o', 'x'], /a dump to mutate is missing/],
    ['no command', [BLOB, '--exec', ' '], /--exec: the command is empty/],
    ['no program', [BLOB, '--exec', '/no/such/program @@'], /cannot be run/],
    [
      'a program that fails as it is',
      [BLOB, '--exec', "sh -c 'kill -SEGV $$' @@"],
      /crashes \(SIGSEGV\) on the unchanged dump/,
    ],
    [
      'a time without a program',
      [BLOB, '-o', '/nonexistent/x', '--timeout', '1'],
      /--timeout is for .* --exec/,
    ],
    ['a limit without a program', ['--self', '--memory-limit', '64M'], /--memory-limit is for .* --exec/],
    ['no time', [BLOB, '--exec', 'true @@', '--timeout', 'soon'], /--timeout/],
    ['both', [BLOB, '--self', '--exec', 'true @@'], /cannot be used together/],
    ['no such ABI', ['--abi', 'kho-v9', '-o', 'x'], /--abi: "kho-v9" is not one of/],
    ['a dump without a tree', ['--self', 'package.json', '--base', '0'], /contains no handover tree/],
  ])('refuses %s', (_, args, message) => {
    const { status, stderr } = kho(['fuzz', ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('--self', () => {
  test('says what it ran, and finds nothing', () => {
    const { status, stdout } = kho(['fuzz', BLOB, '--self', '--count', '100']);
    expect(stdout).toMatch(
      /^100 cases in [\d.]+ s .*: \d+ accepted, \d+ rejected, \d+ no handover; \d+ verdicts decided by the mutation; 0 with a problem\n$/,
    );
    expect(status).toBe(0);
  });
});
