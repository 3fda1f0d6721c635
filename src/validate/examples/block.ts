/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const blockExamples: { readonly [rule: string]: RuleExample } = {
  'BLOCK-001': {
    fault: 'sessions that lead back (linux-7.3-live-update)',
    message: 'The blocks of sessions come back to 0x2de3000 after 1',
    at: 'kho_block_header_ser.next  address 0x2de3000',
    bytes: '[00 30 de 02 00 00 00 00] 2b 00 00 00 00 00 00 00 (address 0x2de3000)',
  },
  'BLOCK-002': {
    fault: '10001 blocks (linux-7.3-live-update)',
    message: 'The list of sessions goes on behind 10000 blocks',
    at: 'kho_block_header_ser.next  address 0x13270f000',
    bytes: '[00 00 71 32 01 00 00 00] 01 00 00 00 00 00 00 00 (address 0x13270f000)',
    found: 'nothing',
    expected: 'at most 10000 blocks',
  },
  'BLOCK-003': {
    fault: 'an empty block (linux-7.3-live-update)',
    message: 'count of the block at 0x2de3000, sessions, is 0',
    at: 'kho_block_header_ser.count  address 0x2de3000',
    bytes: '[00 …] (address 0x2de3000)',
    found: '0',
    expected: '1 to 51',
  },
  'BLOCK-004': {
    fault: 'files at no page (linux-7.3-live-update)',
    message: 'The list of files of session "vm-alpha" leads to 0x2df2008, which is not the start of a page',
    at: 'luo_file_set_ser.files  address 0x2de3010',
    bytes: '[76 6d 2d 61 6c 70 68 61] 00 00 00 00 00 00 00 00 (address 0x2de3010)',
  },
  'BLOCK-005': {
    fault: 'a block that is not preserved (linux-7.3-live-update)',
    message: 'The block at 0x2df2000, files of session "vm-alpha", is not preserved',
    at: 'address 0x2df2000',
  },
  'BLOCK-007': {
    fault: 'files that go on in a list page of a memfd (linux-7.3-live-update)',
    message:
      'The list of files of session "vm-beta é\\u{1b}[31m" goes on at 0x3dad000, a list page of a vmalloc area',
    at: 'kho_block_header_ser.next  address 0x3fb0000',
    bytes: '[00 d0 da 03 00 00 00 00] 02 00 00 00 00 00 00 00 (address 0x3fb0000)',
  },
};
