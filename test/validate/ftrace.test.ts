import { describe, expect, it } from 'vitest';
import { CPU1, FTRACE_CASES } from '../../src/structures/ftrace/cases.js';
import { ftraceRules } from '../../src/structures/ftrace/rules.js';
import { khoRules } from '../../src/structures/rfc-2024/rules.js';
import { validate } from '../../src/validate/run.js';
import { buildDump } from '../rfc/build-dump.js';
import { type Damage, damaged, le, setProperty } from '../rfc/corrupt.js';
import { decodeMemory } from '../rfc/json.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';
import { DUMP } from '../rfc/sample.js';

describe('rules on ftrace', () => {
  it('pass on a consistent dump, with descriptors of either length', () => {
    for (const handover of [decodeMemory(DUMP.memory), damaged(DUMP, shortDescriptors)]) {
      const { findings, passed, skipped } = validate(handover, ftraceRules);
      expect([findings, skipped]).toEqual([[], []]);
      expect(passed).toEqual(['FTRACE-001', 'FTRACE-002', 'FTRACE-003']);
    }
  });

  it.each(FTRACE_CASES)('find %s', (_, damage, expected, fdtPath) => {
    const { findings } = validate(damaged(DUMP, damage), [...khoRules, ...ftraceRules]);
    const own = findings.filter(({ rule }) => rule.startsWith('FTRACE-'));
    expect(own.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(expected);
    expect(own[0]?.location.fdtPath).toBe(fdtPath);
  });

  it('leave a ragged mem to the rule on all of them', () => {
    const { findings } = validate(damaged(DUMP, setProperty(CPU1, 'mem', le(1, 7))), [
      ...khoRules,
      ...ftraceRules,
    ]);
    expect(findings.filter(({ location }) => location.fdtPath === CPU1).map(({ rule }) => rule)).toEqual([
      'KHO-003',
    ]);
  });

  it('are skipped where there is no /ftrace', () => {
    const { findings, skipped } = validate(
      decodeMemory(buildDump({ ...SAMPLE_PLAN, ftraceCpus: 0 }).memory),
      ftraceRules,
    );
    expect(findings).toEqual([]);
    expect(skipped.map(({ rule }) => rule)).toEqual(['FTRACE-001', 'FTRACE-002', 'FTRACE-003']);
  });
});

const shortDescriptors: Damage = {
  document: (document) => {
    const { globalTrace } = document.ftrace as { globalTrace: { cpus: { mem: { len: string }[] }[] } };
    for (const { mem } of globalTrace.cpus) {
      for (const record of mem) if (record.len === '0x40') record.len = '0x38';
    }
  },
};
