/** Structures without a plan of their own are synthesised along their bindings, whatever they are. */
import { describe, expect, test } from 'vitest';
import { formsNamed, MORE_NAMES } from '../../src/synth/more.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { accountOf, decodedAccount, decodeSynthesis } from './accounts.js';

/** That no release has such files is told of each. */
const DRAFT = new Set(['LUO-012', 'FLB-005']);
const COMMON = { guestRam: 1n << 20n, sessions: 2, files: 2, testFolios: 0, reserveMem: 0, flbs: 1 } as const;

function check(names: readonly string[], seed: bigint): void {
  const made = synthesise(planFromSeed({ abi: 'kho-v4', seed, ...COMMON, with: names }));
  const handover = decodeSynthesis(made);
  const wrong = validate(handover, catalogue).findings.filter(
    ({ rule, severity }) => severity !== 'note' && !DRAFT.has(rule),
  );
  expect(wrong.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
  expect(decodedAccount(handover)).toEqual(accountOf(made));
}

describe('no finding, and the account is what is decoded', () => {
  test.each(MORE_NAMES)('%s', (name) => {
    for (let seed = 0n; seed < 3n; seed++) check([name], seed);
  });

  test('all of them', () => {
    for (let seed = 0n; seed < 4n; seed++) check(MORE_NAMES, seed);
  });
});

test('what one cannot be without comes along, and first', () => {
  const keys = (name: string): string[] => formsNamed([name]).map(({ subject }) => subject);
  expect(keys('kvm_vcpu_luo_v1')).toEqual(['kvmVm', 'kvmVcpu']);
  expect(keys('hugetlb-v1').toSorted()).toEqual(['hugeMemfd', 'hugetlb']);
  expect(keys('huge-memfd-v1').toSorted()).toEqual(['hugeMemfd', 'hugetlb']);
});

test('others are refused', () => {
  expect(() => formsNamed(['memfd-v2'])).toThrow(/--with: "memfd-v2" is not one of /);
  expect(() => planFromSeed({ abi: 'kho-v1', release: '6.18', with: ['pstore-kho'] })).toThrow(/--with: /);
  expect(() => planFromSeed({ abi: 'kho-v1', release: '6.19', with: ['hugetlb-v1'] })).toThrow(/has none/);
});
