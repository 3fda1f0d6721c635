/** The tables of a handed-over IOMMU state: the captures have no finding, and every fault has its rule. */
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/validate/catalogue.js';
import { validate } from '../../../src/validate/run.js';
import { CAPTURES, capture } from './base.js';
import { TABLE_CASES } from './cases.js';
import { brokenCapture } from './faults.js';

/** That no release has such files is told of every capture. */
const DRAFT = new Set(['LUO-012', 'FLB-005']);

describe('captures', () => {
  test.each(CAPTURES)('%s has no finding on its tables, and they were all looked at', (name) => {
    for (const direction of [undefined, 'incoming', 'outgoing'] as const) {
      const { findings, passed } = validate(capture(name).handover, catalogue, {
        ...(direction === undefined ? {} : { direction }),
      });
      expect(findings.filter(({ rule }) => !DRAFT.has(rule))).toEqual([]);
      for (const rule of ['IOMMU-050', 'IOMMU-054', 'IOMMU-056', 'IOMMU-057', 'VTD-136', 'VTD-138'])
        expect(passed).toContain(rule);
    }
  });
});

describe('one fault', () => {
  test.each(TABLE_CASES.map((each) => [each.rule, each.base, each.what, each] as const))(
    '%s on %s: %s',
    (rule, _base, _what, each) => {
      const { findings } = validate(brokenCapture(each), catalogue, each.options);
      const own = findings.filter((finding) => finding.rule === rule);
      expect(own.map(({ severity }) => severity)).toContain(each.severity);
      for (const { message } of own) expect(message).not.toMatch(/undefined|NaN/);
    },
  );
});
