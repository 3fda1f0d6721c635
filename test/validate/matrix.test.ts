/** Every rule of the 2024 series has a dump on which it fails and one on which it passes. */
import { describe, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { fdtRules } from '../../src/validate/fdt/index.js';
import { type ValidationResult, validate } from '../../src/validate/run.js';
import { BAD_BLOBS } from '../fdt/bad-blobs.js';
import { buildDump } from '../rfc/build-dump.js';
import { MORE } from '../rfc/cases.js';
import { both, damaged, le, poke, removeNode } from '../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';
import { DUMP, PML4 } from '../rfc/sample.js';

function serious({ findings }: ValidationResult): Set<string> {
  return new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule));
}

test.each(MORE)('%s fails: %s', (rule, _what, damage) => {
  expect([...serious(validate(damaged(DUMP, damage), catalogue))]).toContain(rule);
});

test('every rule but the one on NOINIT lengths passes on a consistent dump', () => {
  const { passed, failed, skipped } = validate(DUMP_HANDOVER, catalogue);
  expect(failed).toEqual(['KHO-011']);
  // Rules on VT-d structures need a remapping unit, and are tested with one.
  const others = skipped.filter(({ rule }) => !rule.startsWith('VTD-'));
  expect(others).toEqual([]);
  expect(passed.length + skipped.length).toBe(
    catalogue.filter(({ generations }) => generations.includes('rfc-2024')).length - 1,
  );
});

const DUMP_HANDOVER = damaged(DUMP, {});

test('KHO-011 passes where no region is handed over', () => {
  const plain = buildDump({ ...SAMPLE_PLAN, iommufds: [], spareFiles: [] });
  const { passed } = validate(damaged(plain, removeNode('/guestmemfs')), catalogue);
  expect(passed).toContain('KHO-011');
});

describe('rules on the blob', () => {
  const fired = new Set<string>();
  test.each(BAD_BLOBS)('$name', ({ bytes, expected }) => {
    const handover = decodeHandover(bytes, { assume: 'kho-v4' });
    const { findings } = validate({ ...handover, generation: 'kho-v4' }, fdtRules);
    for (const { rule } of findings) fired.add(rule);
    const codes = new Set(expected.map(([code]) => code));
    expect(new Set(findings.map(({ rule }) => rule)).size).toBe(codes.size);
  });

  test('every one of them fires on some blob, and none on a good one', () => {
    expect(fdtRules.map(({ id }) => id).filter((id) => !fired.has(id))).toEqual([]);
    expect(validate(DUMP_HANDOVER, fdtRules).findings).toEqual([]);
  });
});

test('a rule whose prerequisite failed, or whose bytes are absent, is skipped with the reason', () => {
  const noMem = validate(damaged(DUMP, both(removeNode('/intel-iommu/domains'))), catalogue);
  expect(noMem.skipped.find(({ rule }) => rule === 'DMAR-003')?.why).toBe('DMAR-002 failed');
  const gone = validate(damaged(DUMP, { remove: [PML4] }), catalogue);
  expect(gone.skipped.find(({ rule }) => rule === 'MAP-002')?.why).toBe(
    `a page-table page at 0x${PML4.toString(16)} is not in the dump`,
  );
  expect(gone.passed).not.toContain('MAP-002');
});

test('an area under an absent table is unknown, not unmapped', () => {
  const { findings, skipped } = validate(damaged(DUMP, poke(PML4, le(0x3000_0003n, 8))), catalogue);
  expect(findings.filter(({ rule }) => rule === 'MAP-004')).toEqual([]);
  expect(skipped.map(({ rule }) => rule)).toContain('MAP-004');
  // Where the table should be is known from the entry that points there.
  expect([...serious(validate(damaged(DUMP, poke(PML4, le(0x3000_0003n, 8))), catalogue))]).toContain(
    'DMAR-010',
  );
});
