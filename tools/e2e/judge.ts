/** `kho validate` on a dump in every format, and whether the formats and the exit status agree. */
import { readFileSync } from 'node:fs';
import { check, run } from './run.js';

export interface Finding {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly location: { readonly field?: string; readonly address?: string };
  readonly subject?: { readonly session?: string; readonly token?: string };
}

export interface Judged {
  readonly verdict: string;
  readonly status: number;
  readonly findings: readonly Finding[];
  readonly rules: { readonly run: number; readonly passed: number; readonly failed: number };
  /** What stands in the text. */
  readonly text: string;
}

/** One command line of kho, as one file. */
export type Kho = (...args: readonly string[]) => ReturnType<typeof run>;

/** Minutes on a busy machine. */
const TIMEOUT = 600;

export function khoOf(file: string): Kho {
  return (...args) => run(process.execPath, [file, ...args], { timeout: TIMEOUT });
}

/**
 * Validates a dump.
 *
 * @param prefix where the outputs are written, with `.json`, `.sarif`, `.xml`, `.ktap` after it
 * @throws Error when two of the outputs disagree
 */
export async function judge(kho: Kho, dump: string, prefix: string): Promise<Judged> {
  const paths = {
    json: `${prefix}.json`,
    sarif: `${prefix}.sarif`,
    junit: `${prefix}.xml`,
    ktap: `${prefix}.ktap`,
  };
  const outputs = Object.entries(paths).flatMap(([format, path]) => ['--output', `${format}=${path}`]);
  const { status, stdout, stderr } = await kho('validate', dump, '--require', 'LUO,MEMFD', ...outputs);
  check(status <= 2, `kho validate: exit status ${status}\n${stderr}`);
  const json = JSON.parse(readFileSync(paths.json, 'utf8'));
  const [judged]: readonly (Pick<Judged, 'verdict' | 'findings' | 'rules'> | undefined)[] = json.dumps;
  check(judged !== undefined, 'the JSON has no dump');
  const { verdict, findings, rules } = judged;
  const errors = [
    ...new Set(findings.filter((each) => each.severity === 'error').map(({ rule }) => rule)),
  ].sort();

  const expected = verdict === 'valid' ? 0 : verdict === 'invalid' ? 1 : 2;
  check(status === expected, `verdict ${verdict}, but exit status ${status}`);
  check(
    stdout.trimEnd().split('\n').at(-1)?.startsWith(verdict) === true,
    `the text does not end with ${verdict}`,
  );
  const agree = (format: string, is: unknown, should: unknown) =>
    check(
      JSON.stringify(is) === JSON.stringify(should),
      `${format} has ${JSON.stringify(is)}, but JSON ${JSON.stringify(should)}`,
    );

  const [log] = JSON.parse(readFileSync(paths.sarif, 'utf8')).runs;
  agree('SARIF', [...log.properties.dumps.map((each: Judged) => each.verdict)], [verdict]);
  agree(
    'SARIF',
    log.results.map((each: { ruleId: string; level: string }) => `${each.ruleId} ${each.level}`).sort(),
    findings.map(({ rule, severity }) => `${rule} ${severity}`).sort(),
  );

  const ktap = readFileSync(paths.ktap, 'utf8');
  const points = [...ktap.matchAll(/^(not ok|ok) \d+ ([A-Z]+-\d{3})(.*)$/gm)];
  const failed = points.filter(([, result]) => result === 'not ok');
  agree('KTAP', /^# verdict: (\S+)/m.exec(ktap)?.[1], verdict);
  agree('KTAP', failed.map(([, , rule]) => rule).sort(), errors);
  agree('KTAP', points.filter(([, , , rest = '']) => !rest.includes('# SKIP')).length, rules.run);

  const junit = readFileSync(paths.junit, 'utf8');
  const red = junit
    .split('<testcase ')
    .filter((text) => text.includes('<failure'))
    .map((text) => / name="(\S+) /.exec(text)?.[1]);
  agree('JUnit', /name="verdict" value="([^"]*)"/.exec(junit)?.[1], verdict);
  agree('JUnit', /<testsuites [^>]*failures="(\d+)"/.exec(junit)?.[1], `${errors.length}`);
  agree('JUnit', red.sort(), errors);
  return { verdict, status, findings, rules, text: stdout };
}
