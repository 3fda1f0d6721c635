/** The tables of a handed-over IOMMU state: the captures have no finding, and every fault has its rule. */
import { describe, expect, test } from 'vitest';
import { TABLE_CASES } from '../../../src/structures/iommu/cases-tables.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import { validate } from '../../../src/validate/run.js';
import { decodeAt } from '../../decode/linux-dumps.js';
import { without } from '../absent-memory.js';
import { CAPTURES, capture, entryOf, tablesOf } from './base.js';
import { brokenCapture } from './faults.js';

/** That no release has such files is told of every capture. */
const DRAFT = new Set(['LUO-012', 'FLB-005']);

/** A rule and all that it comes after. */
function causesOf(rule: string): ReadonlySet<string> {
  const found = new Set([rule]);
  for (const each of found)
    for (const before of catalogue.find(({ id }) => id === each)?.requires ?? []) found.add(before);
  return found;
}

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
      // A rule on records may tell the same cause first: then this one has nothing to add.
      const causes = causesOf(rule);
      const own = findings.filter((finding) => causes.has(finding.rule));
      expect(own.map(({ severity }) => severity)).toContain(each.severity);
      for (const { message } of own) expect(message).not.toMatch(/undefined|NaN/);
    },
  );
});

describe('pages that are not in the dump', () => {
  const first = 'linux-7.3-iommu-first-stage';
  const { handover, address, memory } = capture(first);
  const page = (at: number): number => at - (at % 4096);
  const list = Number(handover.luo?.sessions?.[0]?.files?.[0]?.memfd?.area.runs[0] ?? 0);
  const tables = tablesOf(handover);
  test.each([
    [
      'the root table',
      page(entryOf(handover, 'root-entry')),
      ['IOMMU-050', 'IOMMU-051', 'IOMMU-054', 'VTD-136'],
    ],
    [
      'a context table',
      page(entryOf(handover, 'context-entry')),
      ['IOMMU-050', 'IOMMU-052', 'IOMMU-055', 'VTD-136'],
    ],
    ['a PASID directory', page(entryOf(handover, 'pasid-directory-entry')), ['IOMMU-050', 'IOMMU-053']],
    ['a PASID table', page(entryOf(handover, 'pasid-entry')), ['IOMMU-050', 'IOMMU-052']],
    ['a top table', tables[0]?.address ?? 0, ['IOMMU-056', 'IOMMU-057', 'IOMMU-058']],
    ['a page table', tables.at(-1)?.address ?? 0, ['IOMMU-056', 'IOMMU-057', 'IOMMU-058']],
    ['a list of folios', list, ['IOMMU-056', 'IOMMU-057']],
  ])('%s', (_what, absent, rules) => {
    const result = validate(decodeAt(without(memory, absent, 4096), address), catalogue);
    const errors = result.findings.filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([]);
    for (const rule of rules) expect(result.passed).not.toContain(rule);
    expect(result.missing).not.toEqual([]);
  });
});
