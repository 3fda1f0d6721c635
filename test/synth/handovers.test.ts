import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEVELOPMENT_FORMS,
  handoverArbitrary,
  RELEASE_FORMS,
  rfcPlanArbitrary,
  type SynthPlan,
  upstreamPlanArbitrary,
} from '../../src/fuzz/index.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { sweep } from '../sweep.js';
import { accountOf, decodedAccount, decodeSynthesis } from './accounts.js';

/** No release reads the LUO of a state of development: the only thing that is wrong with it. */
const DEVELOPMENT = new Set(['LUO-002', 'LUO-003']);

const KINDS: readonly (readonly [string, fc.Arbitrary<SynthPlan>, ReadonlySet<string>, number])[] = [
  ['rfc-2024', rfcPlanArbitrary(), new Set(), sweep(30, 10)],
  ...RELEASE_FORMS.map(
    (forms) =>
      [`Linux ${forms.release}`, upstreamPlanArbitrary([forms]), new Set<string>(), sweep(15, 6)] as const,
  ),
  ...DEVELOPMENT_FORMS.map(
    (forms) =>
      [
        `${forms.abi} with ${forms.luo?.version}`,
        upstreamPlanArbitrary([forms]),
        DEVELOPMENT,
        sweep(10, 4),
      ] as const,
  ),
];

describe.each(KINDS)('any handover of %s', (_, plans, tolerated, numRuns) => {
  test('has no error, no warning, and in it what its own account says', () => {
    fc.assert(
      fc.property(handoverArbitrary(plans), ({ dump }) => {
        const handover = decodeSynthesis(dump);
        const serious = validate(handover, catalogue).findings.filter(
          ({ rule, severity }) => severity !== 'note' && !tolerated.has(rule),
        );
        expect(serious.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
        expect(decodedAccount(handover)).toEqual(accountOf(dump));
      }),
      { numRuns },
    );
  });
});

describe('shrinking', () => {
  test.each([
    ['rfc-2024', rfcPlanArbitrary(), '{"abi":"rfc-2024"'],
    [
      'Linux 7.3',
      upstreamPlanArbitrary(RELEASE_FORMS.filter(({ release }) => release === '7.3')),
      '{"abi":"kho-v4"',
    ],
  ] as const)('ends at a small readable plan: %s', (_, plans, start) => {
    const result = fc.check(
      fc.property(handoverArbitrary(plans as fc.Arbitrary<SynthPlan>), () => false),
      { seed: 7 },
    );
    const [found] = result.counterexample ?? [];
    const text = fc.stringify(found);
    expect(text.startsWith(start)).toBe(true);
    expect(text.length).toBeLessThan(400);
  });

  test('keeps what the property is about', () => {
    const result = fc.check(
      fc.property(rfcPlanArbitrary(), ({ iommufds }) =>
        iommufds.every(({ ioases }) => ioases.every(({ areas }) => areas.length < 2)),
      ),
      { seed: 11, numRuns: sweep(1000, 200) },
    );
    const [plan] = result.counterexample ?? [];
    expect(plan?.iommufds.flatMap(({ ioases }) => ioases.map(({ areas }) => areas.length))).toEqual([2]);
    expect(plan?.spareFiles).toEqual([]);
  });
});
