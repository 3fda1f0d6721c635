/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const ktestExamples: { readonly [rule: string]: RuleExample } = {
  'KTEST-001': {
    fault: 'kho-test-v2 (linux-7.3-live-update)',
    message: 'kho_test is compatible with "kho-test-v2"',
    at: '/kho_test/compatible  address 0x652000',
    found: 'kho-test-v2',
    expected: 'kho-test-v1',
  },
  'KTEST-002': {
    fault: '513 folios in a page (linux-7.3-live-update)',
    message: 'nr_folios of kho_test is 513, its list has room for 512',
    at: '/kho_test/data/nr_folios  address 0x652000',
    found: '513',
    expected: 'at most 512',
  },
  'KTEST-003': {
    fault: 'another order (linux-7.3-live-update)',
    message: 'The folio of kho_test at 0x694000 has order 2, its block order 1',
    at: 'address 0x694000',
    found: 'order 1',
    expected: 'order 2',
  },
};
