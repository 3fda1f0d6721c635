/**
 * A synthesised IOMMU state has no finding, and what is decoded is what was put in: every mode and stage, depth, leaf
 * size, number of domains, devices and units, deleted objects, domains without a device, and form.
 */
import { describe, expect, test } from 'vitest';
import { handedIommu } from '../../src/decode/iommu/domains.js';
import type { SynthOptions } from '../../src/synth/options.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { sweep } from '../sweep.js';
import { accountOf, decodedAccount, decodeSynthesis } from './accounts.js';

/** That no release has such files is told of each. */
const DRAFT = new Set(['LUO-012', 'FLB-005']);
const COMMON = { guestRam: 1n << 22n, sessions: 2, files: 3, testFolios: 0, reserveMem: 0 } as const;

function check(options: SynthOptions): ReturnType<typeof decodeSynthesis> {
  const made = synthesise(planFromSeed(options));
  const handover = decodeSynthesis(made);
  const { findings, skipped } = validate(handover, catalogue);
  const wrong = findings.filter(({ rule, severity }) => severity !== 'note' && !DRAFT.has(rule));
  expect(wrong.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
  // Nothing tells the stage of a domain without a device in the first forms.
  const why = skipped.find(({ rule }) => rule === 'IOMMU-056')?.why;
  const told = (options.unattached ?? 0) === 0 || options.abi === 'kho-v3' || options.abi === 'kho-v4';
  if (told && options.domains !== options.unattached)
    expect({ options, why }).toEqual({ options, why: undefined });
  expect(decodedAccount(handover)).toEqual(accountOf(made));
  return handover;
}

interface Case extends Partial<SynthOptions> {
  readonly what: string;
}

const CASES: readonly Case[] = [
  { what: '3 levels, deleted objects', levels: 3, deleted: 5, domains: 4, devices: 2 },
  { what: '3 levels in scalable mode', levels: 3, stage: 'second', deleted: 4, domains: 3, units: 2 },
  { what: '5 levels', levels: 5, domains: 2, stage: 'second' },
  { what: '5 levels of the first stage', levels: 5, domains: 2, stage: 'first', devices: 3 },
  { what: '5 levels in legacy mode', levels: 5, domains: 2, units: 2, devices: 2 },
  { what: 'first stage, deleted objects', stage: 'first', domains: 5, devices: 3, deleted: 20, units: 3 },
  { what: 'second stage, five units on three segments', stage: 'second', domains: 6, devices: 4, units: 5 },
  {
    what: '222 page tables, a device each of three',
    stage: 'second',
    levels: 3,
    domains: 222,
    unattached: 219,
  },
  { what: '222 page tables of the first stage', stage: 'first', domains: 222, unattached: 200, deleted: 3 },
  { what: '222 page tables in legacy mode', domains: 222, unattached: 219, deleted: 150 },
  { what: 'no device', domains: 3, unattached: 3, deleted: 2 },
  { what: 'no device in scalable mode', stage: 'second', domains: 3, unattached: 3, deleted: 0 },
  { what: 'single pages', stage: 'second', domains: 3, leaves: '4k', fragmentation: 1 },
  { what: 'large pages', stage: 'first', domains: 3, leaves: '2m', fragmentation: 0, guestRam: 1n << 25n },
  { what: 'one iommufd of many', domains: 120, unattached: 60, deleted: 30, sessions: 1, stage: 'first' },
];

describe('no finding, and the account is what is decoded', () => {
  test.each(CASES)('$what', ({ what: _, ...options }) => {
    check({ abi: 'kho-v4', seed: 5n, ...COMMON, ...options });
  });

  test('leaves of 1 GiB and 2 MiB beside single pages', () => {
    const handover = check({
      abi: 'kho-v4',
      ...COMMON,
      guestRam: 3n << 30n,
      files: 1,
      fragmentation: 0,
      domains: 1,
      stage: 'second',
    });
    expect(handedIommu(handover)?.domains).toHaveLength(1);
  });

  test.each(['kho-v1', 'kho-v2', 'kho-v3'] as const)('%s, in the forms that go with it', (abi) => {
    for (const stage of ['legacy', 'first', 'second'] as const)
      check({ abi, seed: 3n, ...COMMON, stage, domains: 3, devices: 2, deleted: 2, units: 2 });
  });
});

const seeds = sweep(400, 8);
test(`any combination (${seeds} of them)`, () => {
  for (let seed = 0; seed < seeds; seed++) {
    const of = <T>(values: readonly T[], step: number): T =>
      values[Math.floor(seed / step) % values.length] as T;
    const stage = of(['legacy', 'first', 'second'] as const, 1);
    check({
      abi: of(['kho-v4', 'kho-v4', 'kho-v3', 'kho-v4', 'kho-v1', 'kho-v2'] as const, 1),
      seed: BigInt(seed),
      ...COMMON,
      stage,
      levels: of(stage === 'first' ? [4, 5] : [4, 3, 5], 3),
      leaves: of(['1g', '4k', '2m'] as const, 2),
      fragmentation: of([0, 1, 0.3], 5),
      domains: of([1, 7, 20], 2),
      unattached: of([0, 1], 3),
      devices: of([1, 3, 2], 4),
      units: 1,
      deleted: of([0, 3, 11], 2),
    });
  }
});
