/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const kmetaExamples: { readonly [rule: string]: RuleExample } = {
  'KMETA-001': {
    fault: 'version 2 (linux-7.3-live-update)',
    message: 'kexec-metadata is of version 2',
    at: '/kexec-metadata  kho_kexec_metadata.version  address 0x503000',
    bytes: '[02 00 00 00] 37 2e 33 2e 34 00 00 00 (address 0x503000)',
    found: '2',
    expected: '1',
  },
  'KMETA-002': {
    fault: 'no NUL (linux-7.3-live-update)',
    message:
      'No NUL ends previous_release ("77777777777777777777777777777777777777777777777777777777777777777")',
    at: '/kexec-metadata  kho_kexec_metadata.previous_release  address 0x503004',
    bytes:
      '01 00 00 00 [37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 37 …] (address 0x503000)',
  },
};
