/** Findings carry whose they are as data: whatever name or number a message quotes of a subject, `subject` has it. */

import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding, Subject } from '../../src/validate/rule.js';
import { validate } from '../../src/validate/run.js';
import { sweep } from '../sweep.js';
import { faults } from './proof/all.js';

/** What messages say of subjects, and the key that has to be there then. Only tests read messages. */
const SAID: readonly (readonly [RegExp, readonly (keyof Subject)[]])[] = [
  [/\bsession "/i, ['session']],
  [/\btoken 0x[0-9a-f]+/, ['token']],
  [/\bdomain (?:id )?\d+/, ['domain']],
  [/\binode \d+/, ['inode']],
  [/\bPASID (?:0x)?[0-9a-f]+ /, ['pasid']],
  [/\bioas \d+/i, ['ioas']],
  [/\bcpu \d+/i, ['cpu']],
  [/\bFLB (?:\d+, )?"/, ['handler']],
  [/\bregion "/, ['node']],
  [/\b(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/, ['device']],
];

/** Rules whose messages name others than the subject, or several: a list, a page with two owners, a table of all. */
const OTHERS =
  /^(GMFS-007|GMFS-009|GMFS-011|GMFS-012|IOMMU-011|IOMMU-013|IOMMU-030|IOMMUFD-110|KHO-163|VTD-133)$/;

/** Names that a message may quote without their being its subject: that of a whole table, the target of a pointer. */
function missing({ rule, message, subject = {} }: Finding): string[] {
  if (OTHERS.test(rule)) return [];
  return SAID.flatMap(([said, keys]) =>
    said.test(message) ? keys.filter((key) => subject[key] === undefined) : [],
  ).map((key) => `${rule} ${key}: ${message}`);
}

describe('subjects', () => {
  test("of every rule's findings say what their messages say", () => {
    const found = new Map<string, string>();
    const judged = new Set<string>();
    // One fault a rule, and all findings that it gives: the others say the same of other numbers.
    for (const fault of faults.filter((_, i) => i % sweep(1, 2) === 0)) {
      if (fault.repeated === true || (fault.rule !== undefined && judged.has(fault.rule))) continue;
      const broken = fault.broken();
      if (broken === undefined) continue;
      const only = fault.rule === undefined ? {} : { only: new Set([fault.rule]) };
      const { findings } = validate(broken.handover, catalogue, { ...broken.options, ...only });
      for (const finding of findings) {
        judged.add(finding.rule);
        for (const text of missing(finding)) {
          const key = text.slice(0, text.indexOf(':'));
          if (!found.has(key)) found.set(key, text);
        }
      }
    }
    expect([...found.values()].sort()).toEqual([]);
    // Those left are seen with other faults only; proof.test.ts demands one of each.
    expect(judged.size).toBeGreaterThan(catalogue.length * sweep(0.9, 0.5));
    // Takes some seconds, and more on a machine that does other things too.
  }, 300_000);
});
