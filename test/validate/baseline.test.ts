import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Location } from '../../src/abi/model.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { applyBaseline, baselineJson, createBaseline, parseBaseline } from '../../src/validate/baseline.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding, Subject } from '../../src/validate/rule.js';
import { type ValidationResult, validate } from '../../src/validate/run.js';
import { CASES, type Case } from './upstream-cases/index.js';
import { damagedOn, original } from './upstream-damage.js';
import { documentOf, placed } from './variants.js';

const text = fc.constantFrom('/', '/a', '/a/b\t', 'mem', '\u0000', 'é');
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

const finding: fc.Arbitrary<Finding> = fc.record(
  {
    rule: fc.constantFrom('A-001', 'A-002'),
    severity: fc.constantFrom('error', 'warning', 'note'),
    message: fc.oneof(
      fc.constantFrom('a hole at 0x1000', 'session "vm" at 0x2000', 'token 0x1a of "a \\"\t" at 0x3000'),
      fc.string().map((text) => text.replaceAll('0x', '')),
    ),
    subject: fc.record(
      { session: text, token: u64, domain: u64, device: text, inode: fc.nat(), cpu: fc.nat() },
      { requiredKeys: [] },
    ),
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
  return {
    findings,
    failed: [...failing],
    passed: ['A-003'],
    skipped: [{ rule: 'A-004', why: 'why', kind: 'absent' }],
    partial: [],
    coverage: [],
    missing: [],
  };
}

function reread(findings: readonly Finding[]) {
  const json = [...jsonChunks(baselineJson(createBaseline([resultOf(findings)])))].join('');
  const baseline = parseBaseline(json);
  if (typeof baseline === 'string') throw new Error(baseline);
  return baseline;
}

describe('baseline', () => {
  test('written, read and applied to its own run it leaves nothing, whatever the addresses', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 20 }), u64, (findings, address) => {
        const later = findings.map(({ location, message, ...rest }) => ({
          ...rest,
          message: message.replace(/ at 0x\d+/, ' at 0xf000'),
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

  test('a defect at another physical address is known, one of another subject or place is not', () => {
    const at = (subject: Subject, location: Location = {}): Finding => ({
      rule: 'A-001',
      severity: 'error',
      message: 'count is 3',
      subject,
      location: { field: 'luo_session_ser.count', address: 0x1000n, iova: 0n, iovaEnd: 0x2000n, ...location },
    });
    const mine: Subject = { session: 'vm-0', token: 0x1an, inode: 3 };
    const baseline = reread([at(mine)]);
    const fresh = (finding: Finding) => applyBaseline(resultOf([finding]), baseline).result.findings.length;
    expect(fresh(at(mine, { address: 0x7000n }))).toBe(0);
    expect(fresh({ ...at(mine), message: 'the count is three' })).toBe(0);
    expect(fresh(at({ ...mine, session: 'vm-1' }))).toBe(1);
    expect(fresh(at({ ...mine, token: 0x1bn }))).toBe(1);
    expect(fresh(at({ ...mine, inode: 4 }))).toBe(1);
    expect(fresh(at({ session: 'vm-0', token: 0x1an }))).toBe(1);
    expect(fresh(at(mine, { iova: 0x1000n }))).toBe(1);
    expect(fresh(at(mine, { iovaEnd: 0x3000n }))).toBe(1);
    expect(fresh(at(mine, { field: 'luo_session_ser.name' }))).toBe(1);
  });

  test('a rule that failed on what is known, and could not look at everything, has not passed', () => {
    const one: Finding = { rule: 'A-001', severity: 'warning', message: 'm', location: {} };
    const partial = [{ rule: 'A-001', why: 'absent', kind: 'absent' }] as const;
    const { result } = applyBaseline({ ...resultOf([one]), partial }, reread([one]));
    expect(result.passed).not.toContain('A-001');
    expect(result.skipped).toContainEqual(partial[0]);
    expect(result.partial).toEqual([]);
  });

  test('several dumps: per place the most that one of them has', () => {
    const one: Finding = { rule: 'A-001', severity: 'error', message: 'm', location: {} };
    const baseline = createBaseline([resultOf([one]), resultOf([one, one, one]), resultOf([one, one])]);
    expect([...baseline.values()].map(({ count }) => count)).toEqual([3]);
  });

  test.each([
    ['', 'is not JSON'],
    ['null', 'is not a baseline'],
    ['{"kind":"validate-baseline"}', 'is not a baseline'],
    ['{"kind":"validate-baseline","schemaVersion":1,"findings":[]}', 'of version 1, but version 2 is read'],
    ['{"kind":"validate-baseline","schemaVersion":2,"findings":[1]}', 'findings[0]'],
    [
      '{"kind":"validate-baseline","schemaVersion":2,"findings":[{"rule":"A","severity":"bad","count":1}]}',
      'findings[0]',
    ],
    [
      '{"kind":"validate-baseline","schemaVersion":2,"findings":[{"rule":"A","severity":"error","count":-1}]}',
      'findings[0]',
    ],
    [
      '{"kind":"validate-baseline","schemaVersion":2,"findings":[{"rule":"A","severity":"error","count":1,"iova":5}]}',
      'findings[0]',
    ],
    [
      '{"kind":"validate-baseline","schemaVersion":2,"findings":[{"rule":"A","severity":"error","count":1,"subject":{"token":5}}]}',
      'findings[0]',
    ],
  ])('%s is refused', (json, words) => {
    expect(parseBaseline(json)).toContain(words);
  });
});

describe('on dumps of one setup whose records lie elsewhere', () => {
  const before = original('linux-7.3-live-update');
  const after = { name: 'placed anew', ...placed(documentOf('linux-7.3-live-update')) };
  const cases = CASES.filter(({ rule, dump }) => /^(LUO|MEMFD|BLOCK)-/.test(rule) && dump === before.name);
  const outcome = (base: typeof before, each: Case) => validate(damagedOn(base, each), catalogue);

  let healthy: ReturnType<typeof createBaseline> | undefined;
  test.each(cases.map((each) => [each.rule, each.what, each] as const))(
    '%s: %s is known',
    (rule, _what, each) => {
      expect(after.address).not.toBe(before.address);
      let later: ReturnType<typeof outcome>;
      try {
        later = outcome(after, each);
      } catch {
        // The case names blocks that only the captured dump has.
        return;
      }
      const own = ({ findings }: ValidationResult) => findings.filter((finding) => finding.rule === rule);
      const earlier = outcome(before, each);
      const severities = (result: ValidationResult) => own(result).map(({ severity }) => severity);
      // An address of the case is of another kind there: its block has another order.
      if (severities(later).join() !== severities(earlier).join()) return;
      const known = createBaseline([earlier]);
      expect(own(applyBaseline(later, known).result)).toEqual([]);
      // Nothing of this is known to a baseline of the healthy dump.
      healthy ??= createBaseline([validate(before.handover, catalogue)]);
      expect(own(applyBaseline(later, healthy).result)).toEqual(own(later));
    },
  );
});
