/** What the model lacks makes a verdict incomplete, also where no rule looks at it. */
import { expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { validate } from '../../src/validate/run.js';
import { verdictOf } from '../../src/validate/verdict.js';
import { original } from './upstream-damage.js';

const { handover } = original('linux-7.3-live-update');
const LOST = { part: 'draft', what: 'struct pci_ser', address: 0x1000n } as const;
const MORE = { part: 'draft', what: 'struct iommu_ser', address: 0x2000n } as const;
const verdict = (changed: Partial<Handover>, options = {}) =>
  validate({ ...handover, ...changed }, [], options).missing;

test('the first of each part, by its name', () => {
  expect(verdict({ missing: [LOST, MORE] })).toEqual([
    { kind: 'absent', what: 'the struct pci_ser at 0x1000 is not in the dump' },
  ]);
  expect(verdictOf({ findings: [], missing: verdict({ missing: [LOST] }) })).toBe('incomplete');
  expect(verdict({})).toEqual([]);
});

test('not of blobs by themselves, of a tree that was taken over, or where single rules are asked for', () => {
  const { memory, ...bare } = handover;
  if (memory === undefined) throw new Error('no memory');
  expect(validate({ ...bare, missing: [LOST] }, []).missing).toEqual([]);
  expect(verdict({ missing: [LOST], memory: { ...memory, excerpt: true } })).toEqual([]);
  expect(verdict({ missing: [LOST], takenOver: { why: 'it runs' } })).toEqual([]);
  expect(verdict({ missing: [LOST] }, { only: new Set(['FDT-001']) })).toEqual([]);
});
