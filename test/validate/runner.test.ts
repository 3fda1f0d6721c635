/** The runner by rules made for it: what blocks a rule, and what facts it is given. */
import { describe, expect, test } from 'vitest';
import { GENERATIONS, type Handover } from '../../src/abi/model.js';
import { createFacts } from '../../src/validate/facts.js';
import type { Rule, Severity } from '../../src/validate/rule.js';
import { validate } from '../../src/validate/run.js';

const HANDOVER: Handover = { kind: 'handover', generation: 'rfc-2024', pageSize: 4096, diagnostics: [] };
const rule = (id: string, check: NonNullable<Rule['check']>, requires: readonly string[] = []): Rule => ({
  id,
  title: 'a rule',
  severity: 'error',
  generations: [...GENERATIONS],
  source: 'none',
  evidence: 'none',
  consequence: 'none',
  requires,
  check,
});

describe('a prerequisite', () => {
  const outcome = (severity: Severity) =>
    validate(HANDOVER, [
      rule('A-001', (_, report) => report.finding({ severity, message: 'a finding', location: {} })),
      rule('A-002', () => {}, ['A-001']),
    ]);

  test('with an error blocks what depends on it', () => {
    const { passed, skipped } = outcome('error');
    expect(passed).toEqual([]);
    expect(skipped).toEqual([{ rule: 'A-002', why: 'A-001 failed', kind: 'prerequisite' }]);
  });

  test.each(['warning', 'note'] as const)('with a %s does not', (severity) => {
    const { passed, skipped } = outcome(severity);
    expect(passed).toContain('A-002');
    expect(skipped).toEqual([]);
  });

  test('that was skipped for absent bytes hands its kind on', () => {
    const { skipped } = validate({ ...HANDOVER, memory: NOTHING }, [
      rule('A-001', (_, report) => report.absent('a page', 0x1000n)),
      rule('A-002', () => {}, ['A-001']),
    ]);
    expect(skipped.map(({ rule: id, kind }) => [id, kind])).toEqual([
      ['A-001', 'absent'],
      ['A-002', 'absent'],
    ]);
  });
});

describe('a rule that another follows', () => {
  const outcome = (check: NonNullable<Rule['check']>) => {
    const first = rule('A-001', check);
    const second: Rule = { ...rule('A-002', () => {}), follows: ['A-001'] };
    return validate(HANDOVER, [first, second], { only: new Set(['A-002']) });
  };

  test('blocks it where it fails, and is run for it', () => {
    const { skipped } = outcome((_, report) => report.finding({ message: 'a finding', location: {} }));
    expect(skipped).toContainEqual({ rule: 'A-002', why: 'A-001 failed', kind: 'prerequisite' });
  });

  test('does not where it does not apply', () => {
    const { passed } = outcome((_, report) => report.skip('there is nothing of it'));
    expect(passed).toEqual(['A-002']);
  });
});

const NOTHING: NonNullable<Handover['memory']> = {
  description: 'nothing',
  read: () => 0,
  *runs(start, end) {
    yield { start, end, state: 'absent' };
  },
  *known() {},
};

test('of two with one id the first counts, as it is the one that the kernel finds', () => {
  const [one, two] = ['first', 'second'].map((nodeName) => ({ persistentId: 7n, nodeName }));
  if (one === undefined || two === undefined) throw new Error('none');
  const facts = createFacts({ ...HANDOVER, domains: [one, two], iommufds: [one, two] });
  expect(facts.domain(7n)).toBe(one);
  expect(facts.iommufd(7n)).toBe(one);
});
