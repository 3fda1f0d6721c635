/** Every fixture at every fail level: all formats, the exit status and the verdict say the same, to others' readers too. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { containerOptions, withDump } from '../../src/cli/load.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { type Judgement, statusOf } from '../../src/report/judgement.js';
import { junitLines } from '../../src/report/junit.js';
import { ktapLines } from '../../src/report/ktap.js';
import { sarifLog } from '../../src/report/sarif.js';
import type { ValidatedDump } from '../../src/report/validate-json.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Severity } from '../../src/validate/rule.js';
import { validate } from '../../src/validate/run.js';
import { verdictOf } from '../../src/validate/verdict.js';
import { fixtures, rfcNames } from '../fixtures.js';
import { sweep } from '../sweep.js';
import { jenkinsErrors } from './jenkins.js';
import { checkedRun } from './sarif-check.js';
import { readTap } from './tap.js';
import { parseXml } from './xml-parser.js';

const folder = mkdtempSync(join(tmpdir(), 'kho-agree-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LEVELS: readonly (readonly Severity[])[] = [['error'], ['error', 'warning'], []];
const XMLLINT = spawnSync('xmllint', ['--version']).error === undefined;

/** Cores and copies of debugfs. */
const FILES = readdirSync(fixtures)
  .filter((name) => name.startsWith('linux-') && name !== 'linux-7.3-crash')
  .flatMap((name) => readdirSync(join(fixtures, name)).map((file) => join(fixtures, name, file)))
  .filter((path) => path.endsWith('.elf.gz') || existsSync(join(path, 'fdt')));
/** What formats say in common hangs on findings, not on dumps: every other one by day. */
const PATHS = [...FILES, ...rfcNames.map((name) => join(fixtures, 'rfc-2024', name))].filter(
  (_, i) => i % sweep(1, 3) === 0,
);

async function validated(path: string, cut: boolean): Promise<ValidatedDump> {
  return withDump(path, {}, async (dump) => {
    const damage = cut ? { damage: () => ['it is cut off'] } : containerOptions(dump);
    const { generation } = dump.handover;
    return {
      path,
      ...(generation === undefined ? {} : { generation }),
      result: validate(dump.handover, catalogue, damage),
    };
  });
}

/** JUnit documents for xmllint, which reads those of a test in one run. */
const documents: string[] = [];
afterEach(() => {
  const names = documents.splice(0).map((document, index) => {
    const path = join(folder, `${index}.xml`);
    writeFileSync(path, document);
    return path;
  });
  if (names.length === 0) return;
  const { status, stderr } = spawnSync('xmllint', ['--noout', ...names], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
});

const joined = (lines: Iterable<string>): string => [...lines].map((line) => `${line}\n`).join('');

/** No number that a reader in 32-bit integers loses. */
function largestNumber(value: unknown): number {
  if (typeof value === 'number') return Math.abs(value);
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(0, ...Object.values(value).map(largestNumber));
}

/** Lists of rules of which the texts were looked at. */
const described = new Set<string>();

function agree(dumps: readonly ValidatedDump[], judgement: Judgement): void {
  const status = Math.max(...dumps.map(({ result }) => statusOf(result, judgement)));
  const text = [...jsonChunks(sarifLog(dumps, catalogue, '1.0.0', judgement))].join('');
  const run = checkedRun(text);
  expect(largestNumber(run)).toBeLessThan(2 ** 31);
  const [invocation] = run.invocations;
  expect(invocation).toMatchObject({ exitCode: status, executionSuccessful: status < 2 });
  const levels = new Set(run.results.map(({ level }) => level));
  // Whoever fails a check at errors must not be stricter than the exit status, nor laxer.
  const errors = invocation?.toolExecutionNotifications?.some(({ level }) => level === 'error') === true;
  if (!judgement.fail.has('warning')) expect(levels.has('error') || errors).toBe(status !== 0);
  const list = JSON.stringify(run.tool.driver.rules);
  const rules = described.has(list) ? [] : (run.tool.driver.rules as unknown as readonly Descriptor[]);
  described.add(list);
  for (const { shortDescription, help, helpUri, properties } of rules) {
    expect(help.text.split('\n').length).toBeGreaterThan(3);
    expect(help.markdown).toMatch(/^- \*\*Must hold\*\*: .*\n- \*\*Otherwise\*\*: /);
    expect(help.text + help.markdown + shortDescription.text).not.toMatch(/\\u\{+(?:a|d)\}/);
    expect(helpUri).toMatch(/^https:\/\/.*\/docs\/rules\.md#[a-z0-9-]+$/);
    expect(properties.tags.length).toBeGreaterThan(0);
    expect(new Set(properties.tags).size).toBe(properties.tags.length);
  }
  const prints = run.results.map(({ locations, partialFingerprints }) => {
    expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:[1-9]\d*$/);
    return `${locations[0]?.physicalLocation.artifactLocation.index} ${partialFingerprints.primaryLocationLineHash}`;
  });
  expect(new Set(prints).size).toBe(prints.length);

  const document = joined(junitLines(dumps, catalogue, judgement));
  const junit = parseXml(document);
  expect(jenkinsErrors(junit)).toEqual([]);
  if (XMLLINT) documents.push(document);
  expect(Number(junit.attributes.failures) + Number(junit.attributes.errors) > 0).toBe(status !== 0);

  const { top, subtests } = readTap(joined(ktapLines(dumps, catalogue, judgement)));
  expect(top.ok).toBe(status === 0);
  expect(subtests.map(({ ok }) => ok)).toEqual(
    dumps.length === 1 ? [] : dumps.map(({ result }) => statusOf(result, judgement) === 0),
  );
  const reports = dumps.length === 1 ? [top] : subtests;
  const suites = junit.children.map(({ attributes }) => attributes);
  expect(reports.map(({ tests, failed, skipped }) => [`${tests}`, failed, `${skipped}`])).toEqual(
    suites.map(({ tests, failures, errors, skipped }) => [tests, Number(failures) + Number(errors), skipped]),
  );
}

interface Descriptor {
  readonly shortDescription: { readonly text: string };
  readonly help: { readonly text: string; readonly markdown: string };
  readonly helpUri: string;
  readonly properties: { readonly tags: readonly string[] };
}

/** Those that are looked at a second time, as if they were cut off. */
const CUT = PATHS.filter((_, index) => index % 4 === 0);
const name = (path: string): string => path.slice(fixtures.length + 1);

test.each(PATHS.map((path) => [name(path), path] as const))('%s', { timeout: 300_000 }, async (_, path) => {
  const dump = await validated(path, false);
  for (const levels of LEVELS) check(dump, new Set(levels), false);
});

test.each(CUT.map((path) => [name(path), path] as const))(
  '%s, cut off',
  { timeout: 300_000 },
  async (_, path) => {
    const dump = await validated(path, true);
    for (const levels of LEVELS)
      for (const allowIncomplete of [false, true]) check(dump, new Set(levels), allowIncomplete);
    // Beside a whole one.
    agree([await validated(path, false), dump], { fail: new Set(['error']), allowIncomplete: false });
  },
);

function check(dump: ValidatedDump, fail: ReadonlySet<Severity>, allowIncomplete: boolean): void {
  const { result } = dump;
  if (result === undefined) throw new Error('no result');
  agree([dump], { fail, allowIncomplete });
  const status = statusOf(result, { fail, allowIncomplete });
  const failing = result.findings.some(({ severity }) => fail.has(severity));
  const lacks = result.missing.length > 0 && !allowIncomplete;
  expect(status).toBe(failing ? 1 : lacks ? 2 : 0);
  const verdict = verdictOf(result);
  if (verdict === 'valid' && !fail.has('warning')) expect(status).toBe(0);
  if (verdict === 'invalid' && fail.has('error')) expect(status).toBe(1);
}
