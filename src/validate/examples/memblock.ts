/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const memblockExamples: { readonly [rule: string]: RuleExample } = {
  'MEMBLOCK-001': {
    fault: 'memblock-v2 (linux-7.3-live-update)',
    message: 'memblock is compatible with "memblock-v2"',
    at: '/memblock/compatible  address 0x2dac000',
    found: 'memblock-v2',
    expected: 'memblock-v1',
  },
  'MEMBLOCK-003': {
    fault: 'reserve-mem-v2 (linux-6.18-handover)',
    message: 'memblock region "pstore" is compatible with "reserve-mem-v2"',
    at: '/memblock/pstore/compatible  address 0x2d8f000',
    found: 'nothing',
    expected: 'reserve-mem-v1',
  },
  'MEMBLOCK-005': {
    fault: 'a page of a region is not preserved (linux-7.3-live-update)',
    message:
      'memblock region "pstore", 0x1b81b000-0x1b91b000 (1 MiB): 0x1b81b000-0x1b81c000 (4 KiB) is not preserved',
    at: '/memblock/pstore  address 0x1b81b000',
  },
  'MEMBLOCK-006': {
    fault: 'two that overlap (linux-7.3-live-update)',
    message: 'memblock regions "pstore" and "rsv-a" overlap from 0x1b820000 on',
    at: '/memblock/rsv-a  address 0x1b820000',
  },
  'MEMBLOCK-007': {
    fault: 'two of one name (linux-7.3-live-update)',
    message: 'A second memblock region has the name "pstore"; it is at 0x1b81b000',
    at: '/memblock/pstore  address 0x1b81b000',
    found: 'pstore',
    expected: 'a name of its own',
  },
  'MEMBLOCK-008': {
    fault: 'a size of 0 (linux-7.3-live-update)',
    message: 'The size of memblock region "rsv-a" is 0',
    at: '/memblock/rsv-a/size  address 0x1b91b000',
  },
};
