/** An area is checked only where the dump has the structure that its rules are about: `--require AREA` relies on it. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { type CoverageState, unmetAreas } from '../../src/validate/coverage.js';
import { validate } from '../../src/validate/run.js';
import { original } from './upstream-damage.js';

const { handover } = original('linux-7.3-live-update');

function coverage(changed: Partial<Handover>): ReadonlyMap<string, CoverageState> {
  const validation = validate({ ...handover, ...changed }, catalogue);
  return new Map(validation.coverage.map(({ area, state }) => [area, state]));
}

function withoutSubtree(name: string): Partial<Handover> {
  return { subtrees: (handover.subtrees ?? []).filter((subtree) => subtree.name !== name) };
}

const { memblock: _m, khoTest: _t, kexecMetadata: _k, luo, ...bare } = handover;
const sessions = luo?.sessions ?? [];

/** The dump without one structure, by the area of its rules. */
const WITHOUT: Readonly<Record<string, Partial<Handover>>> = {
  MEMBLOCK: { memblock: undefined, ...withoutSubtree('memblock') } as Partial<Handover>,
  KTEST: { khoTest: undefined, ...withoutSubtree('kho_test') } as Partial<Handover>,
  KMETA: { kexecMetadata: undefined, ...withoutSubtree('kexec-metadata') } as Partial<Handover>,
  LUO: { luo: undefined, ...withoutSubtree('LUO') } as Partial<Handover>,
  FLB: luo === undefined ? {} : { luo: { ...luo, flbs: [] } },
  MEMFD:
    luo === undefined ? {} : { luo: { ...luo, sessions: sessions.map((one) => ({ ...one, files: [] })) } },
};

describe('the 7.3 live update', () => {
  const whole = coverage({});

  test.each(Object.entries(WITHOUT))('without the structure of %s', (area, changed) => {
    if (area !== 'FLB') expect(whole.get(area)).toMatch(/^(?:checked|partly)$/);
    const without = validate(
      { ...handover, ...changed },
      catalogue.filter(({ id }) => id.startsWith(`${area}-`)),
    );
    // The rest of this dump's own records may now have no owner; the rules of the area have nothing to look at.
    const state = without.coverage.find((one) => one.area === area)?.state;
    if (without.failed.length === 0) expect(state).toBe('not there');
    else expect(state).toBe('checked');
  });
});

test('a bare tree has none of them, and none of them can be required', () => {
  const result = validate({ ...bare, subtrees: [] }, catalogue);
  const names = Object.keys(WITHOUT).concat('VMALLOC', 'BLOCK');
  for (const name of names) {
    expect(result.coverage.find(({ area }) => area === name)?.state, name).toBe('not there');
    expect(unmetAreas([name], result.coverage, result), name).not.toEqual([]);
  }
});
