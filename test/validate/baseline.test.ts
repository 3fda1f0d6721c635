import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { applyBaseline, baselineJson, createBaseline, parseBaseline } from '../../src/validate/baseline.js';
import type { Finding } from '../../src/validate/rule.js';
import type { ValidationResult } from '../../src/validate/run.js';

const text = fc.constantFrom('/', '/a', '/a/b\t', 'mem', '\u0000', 'é');
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

const finding: fc.Arbitrary<Finding> = fc.record(
  {
    rule: fc.constantFrom('A-001', 'A-002'),
    severity: fc.constantFrom('error', 'warning', 'note'),
    message: fc.string(),
    location: fc.record(
      {
        fdtPath: text,
        property: text,
        field: text,
        bits: text,
        address: u64,
        iova: fc.oneof(fc.constant(0n), u64),
        iovaEnd: u64,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['rule', 'severity', 'message', 'location'] },
);

function resultOf(findings: readonly Finding[]): ValidationResult {
  const failing = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule));
  return { findings, failed: [...failing], passed: ['A-003'], skipped: [{ rule: 'A-004', why: 'why' }] };
}

function reread(findings: readonly Finding[]) {
  const json = [...jsonChunks(baselineJson(createBaseline([resultOf(findings)])))].join('');
  const baseline = parseBaseline(json);
  if (typeof baseline === 'string') throw new Error(baseline);
  return baseline;
}

describe('baseline', () => {
  test('written, read and applied to its own run it leaves nothing, whatever the addresses and messages', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 20 }), u64, (findings, address) => {
        const later = findings.map(({ location, ...rest }) => ({
          ...rest,
          message: 'other words',
          location: { ...location, address },
        }));
        const { result, known, gone } = applyBaseline(resultOf(later), reread(findings));
        expect(result.findings).toEqual([]);
        expect(result.failed).toEqual([]);
        expect(known).toBe(findings.length);
        expect(gone).toBe(0);
      }),
    );
  });

  test('what is new stays, what is missing is counted, and no rule is lost', () => {
    fc.assert(
      fc.property(
        fc.array(finding, { maxLength: 20 }),
        fc.array(finding, { maxLength: 20 }),
        (before, now) => {
          const { result, known, gone } = applyBaseline(resultOf(now), reread(before));
          expect(result.findings.length + known).toBe(now.length);
          expect(known + gone).toBe(before.length);
          const rules = [...result.passed, ...result.failed];
          expect(rules.sort()).toEqual([...resultOf(now).failed, 'A-003'].sort());
        },
      ),
    );
  });

  test('a second finding at a known place, and a higher severity, are new', () => {
    const known: Finding = { rule: 'A-001', severity: 'warning', message: 'm', location: { fdtPath: '/a' } };
    const apply = (...findings: Finding[]) => applyBaseline(resultOf(findings), reread([known]));
    expect(apply(known, known).result.findings).toHaveLength(1);
    expect(apply({ ...known, severity: 'error' }).result.failed).toEqual(['A-001']);
    expect(apply().gone).toBe(1);
  });

  test('several dumps: per place the most that one of them has', () => {
    const one: Finding = { rule: 'A-001', severity: 'error', message: 'm', location: {} };
    const baseline = createBaseline([resultOf([one]), resultOf([one, one, one]), resultOf([one, one])]);
    expect([...baseline.values()].map(({ count }) => count)).toEqual([3]);
  });

  test.each([
    ['', 'is no JSON'],
    ['null', 'is no baseline'],
    ['{"kind":"validate-baseline"}', 'is no baseline'],
    ['{"kind":"validate-baseline","schemaVersion":2,"findings":[]}', 'another version'],
    ['{"kind":"validate-baseline","schemaVersion":1,"findings":[1]}', 'findings[0]'],
    [
      '{"kind":"validate-baseline","schemaVersion":1,"findings":[{"rule":"A","severity":"bad","count":1}]}',
      'findings[0]',
    ],
    [
      '{"kind":"validate-baseline","schemaVersion":1,"findings":[{"rule":"A","severity":"error","count":-1}]}',
      'findings[0]',
    ],
    [
      '{"kind":"validate-baseline","schemaVersion":1,"findings":[{"rule":"A","severity":"error","count":1,"iova":5}]}',
      'findings[0]',
    ],
  ])('%s is refused', (json, words) => {
    expect(parseBaseline(json)).toContain(words);
  });
});
