/** SARIF, JUnit and KTAP as functions of a result: complete, and safe whatever the dump put into the text. */
import { describe, expect, test } from 'vitest';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { junitLines } from '../../src/report/junit.js';
import { ktapLines } from '../../src/report/ktap.js';
import { sarifLog } from '../../src/report/sarif.js';
import type { ValidatedDump } from '../../src/report/validate-json.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding } from '../../src/validate/rule.js';
import { parseKtap } from './ktap-parser.js';
import { checkedRun, schemaErrors } from './sarif-check.js';
import { parseXml } from './xml-parser.js';

const HOSTILE =
  'a\u0000b\u001b[31m\nok 9 forged # SKIP x\r</failure> ]]> & "q" \u202e {0} [x](y) \ufffe \ud800 \u0085';

const findings: readonly Finding[] = [
  {
    rule: 'KHO-004',
    severity: 'error',
    message: HOSTILE,
    location: {
      fdtPath: `/${HOSTILE}`,
      property: HOSTILE,
      field: 'kho_mem.addr',
      address: 0xffff_ffff_ffff_f000n,
    },
    found: HOSTILE,
    expected: HOSTILE,
  },
  { rule: 'KHO-004', severity: 'warning', message: 'second', location: { address: (1n << 31n) - 1n } },
  { rule: 'KHO-005', severity: 'note', message: 'a note', location: { iova: 0x1000n, iovaEnd: 0x2000n } },
];

const dump: ValidatedDump = {
  path: `dir with space/${HOSTILE}`,
  generation: 'rfc-2024',
  result: {
    findings,
    passed: ['KHO-005', 'KHO-001'],
    failed: ['KHO-004'],
    skipped: [{ rule: 'KHO-002', why: HOSTILE, kind: 'not-applicable' }],
    partial: [],
    coverage: [
      { area: 'KHO', state: 'partly', why: HOSTILE },
      { area: 'VTD', state: 'not there' },
    ],
    missing: [],
  },
};
const unreadable: ValidatedDump = { path: 'x', error: HOSTILE };

const joined = (lines: Iterable<string>): string => [...lines].map((line) => `${line}\n`).join('');
const sarif = (dumps: readonly ValidatedDump[]): string =>
  [...jsonChunks(sarifLog(dumps, catalogue, '1.2.3'))].join('');

const data = (name: string) => ({ fullyQualifiedName: name, kind: 'data' });
const addressed = (address: bigint) =>
  checkedRun(
    sarif([withFindings([{ rule: 'KHO-004', severity: 'note', message: 'm', location: { address } }])]),
  ).results[0]?.locations[0]?.physicalLocation.address;

function withFindings(all: readonly Finding[]): ValidatedDump {
  if (dump.result === undefined) throw new Error('no result');
  return { ...dump, result: { ...dump.result, findings: all } };
}

describe('SARIF', () => {
  test('rules, levels and places', () => {
    const run = checkedRun(sarif([dump]));
    expect(run.tool.driver.rules.map(({ id }) => id)).toEqual(['KHO-001', 'KHO-002', 'KHO-004', 'KHO-005']);
    expect(run.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['KHO-004', 'error'],
      ['KHO-004', 'warning'],
      ['KHO-005', 'note'],
    ]);
    const [first, second, third] = run.results.map(({ locations }) => locations[0]);
    expect(first?.physicalLocation.address).toEqual({
      fullyQualifiedName: '0xfffffffffffff000',
      kind: 'data',
    });
    // Readers in 32-bit integers lose the whole file for a larger number.
    expect(second?.physicalLocation.address).toEqual({ absoluteAddress: 2 ** 31 - 1, ...data('0x7fffffff') });
    expect(addressed(1n << 31n)).toEqual(data('0x80000000'));
    expect(third?.logicalLocations).toEqual([{ fullyQualifiedName: 'iova 0x1000-0x2000', kind: 'data' }]);
    expect(run.invocations).toMatchObject([{ executionSuccessful: true, exitCode: 1 }]);
  });

  test('the official schema refuses what is no SARIF', () => {
    const log = JSON.parse(sarif([dump]));
    const run = log.runs[0];
    const results = (change: object) => ({
      ...log,
      runs: [{ ...run, results: [{ ...run.results[0], ...change }] }],
    });
    expect(schemaErrors(results({}))).toEqual([]);
    expect(schemaErrors(results({ level: 'fatal' }))).not.toEqual([]);
    expect(schemaErrors(results({ colour: 'red' }))).not.toEqual([]);
    expect(schemaErrors(results({ message: {} }))).not.toEqual([]);
    expect(schemaErrors({ ...log, version: '2.0.0' })).not.toEqual([]);
    expect(schemaErrors({ ...log, $schema: 'no uri' })).not.toEqual([]);
  });

  test('no placeholder, no link and no control character comes from the dump', () => {
    const text = checkedRun(sarif([dump])).results[0]?.message.text ?? '';
    expect(text).toContain('{{0}}');
    expect(text).toContain('\\[x](y)');
    expect(text).toContain('\\u{{1b}}');
  });

  test('a dump that cannot be read is a notification', () => {
    const run = checkedRun(sarif([dump, unreadable]));
    expect(run.invocations[0]?.executionSuccessful).toBe(false);
    // One of the dump, one of what is checked in part only.
    expect(run.invocations[0]?.toolExecutionNotifications).toHaveLength(2);
    expect(run.artifacts).toHaveLength(2);
  });

  test('paths become URIs', () => {
    const uris = (path: string) => checkedRun(sarif([{ ...dump, path }])).artifacts[0]?.location.uri;
    expect(uris('a b/c:d#e?')).toBe('a%20b/c%3Ad%23e%3F');
    expect(uris('/abs/ü')).toBe('file:///abs/%C3%BC');
    expect(uris('-')).toBe('stdin');
  });
});

describe('JUnit', () => {
  test('one testcase a rule, whatever the text', () => {
    const root = parseXml(joined(junitLines([dump, unreadable], catalogue)));
    expect(root.attributes).toEqual({
      name: 'kho validate',
      tests: '5',
      failures: '1',
      errors: '1',
    });
    const [suite, broken] = root.children;
    const cases = suite?.children.filter(({ name }) => name === 'testcase') ?? [];
    expect(cases.map(({ attributes }) => attributes.name?.slice(0, 7))).toEqual([
      'KHO-001',
      'KHO-002',
      'KHO-004',
      'KHO-005',
    ]);
    expect(cases.map(({ children }) => children.map(({ name }) => name))).toEqual([
      [],
      ['skipped'],
      ['failure'],
      ['system-out'],
    ]);
    const failure = cases[2]?.children[0];
    expect(failure?.attributes.message).toContain('</failure> ]]> & "q"');
    expect(failure?.text.trim().split('\n')).toHaveLength(5);
    expect(broken?.children[0]?.children[0]?.name).toBe('error');
  });
});

describe('KTAP', () => {
  test('one dump: its rules', () => {
    const tests = parseKtap(joined(ktapLines([dump], catalogue)));
    expect(tests.map(({ name, ok }) => [name.slice(0, 7), ok])).toEqual([
      ['KHO-001', true],
      ['KHO-002', true],
      ['KHO-004', false],
      ['KHO-005', true],
    ]);
    expect(tests.map(({ skip }) => skip === undefined)).toEqual([true, false, true, true]);
    expect(tests[2]?.diagnostics).toHaveLength(5);
    expect(tests[3]?.diagnostics[0]).toBe('note: a note');
  });

  test('several dumps: a test each, with the rules below', () => {
    const tests = parseKtap(joined(ktapLines([dump, unreadable], catalogue)));
    expect(tests.map(({ ok }) => ok)).toEqual([false, false]);
    expect(tests[0]?.subtests).toHaveLength(4);
    expect(tests[1]?.subtests).toBeUndefined();
    expect(tests[1]?.diagnostics).toHaveLength(1);
  });

  test('a dump that cannot be read, alone', () => {
    const tests = parseKtap(joined(ktapLines([unreadable], catalogue)));
    expect(tests.map(({ ok, name }) => [ok, name])).toEqual([[false, 'x']]);
  });
});

describe('the parsers of this test are strict', () => {
  test.each([
    'KTAP version 1\n1..1\nok 2 x\n',
    'KTAP version 1\n1..2\nok 1 x\n',
    'KTAP version 1\n1..1\nhello\nok 1 x\n',
    'KTAP version 1\n1..1\nok 1 x # y\n',
    '1..1\nok 1 x\n',
  ])('KTAP %j', (text) => {
    expect(() => parseKtap(text)).toThrow();
  });

  test.each(['<a>&x;</a>', '<a b="<"/>', '<a></b>', '<a/><b/>', '<a>\u0001</a>', '<a b="1" b="2"/>'])(
    'XML %j',
    (text) => {
      expect(() => parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`)).toThrow();
    },
  );
});
