/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const vmallocExamples: { readonly [rule: string]: RuleExample } = {
  'VMALLOC-001': {
    fault: 'a page too many (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": the list holds 24 pages, total_pages is 25',
    at: 'kho_vmalloc.total_pages  address 0x2df3000',
    bytes: '00 00 00 00 00 00 00 00 [39 30 00 00] 00 00 00 00 (address 0x2df2ff8)',
    found: '24',
    expected: '25',
  },
  'VMALLOC-002': {
    fault: 'an undefined flag (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": kho_vmalloc.flags is 0x11',
    at: 'kho_vmalloc.flags  address 0x2df3000',
    bytes: '00 00 00 00 00 00 00 00 00 00 00 00 [39 30] 00 00 (address 0x2df2ff4)',
    found: '0x11',
    expected: 'bits of 0x3',
  },
  'VMALLOC-003': {
    fault: 'order 40 (linux-7.3-live-update)',
    message:
      'the memfd of token 0x1a, session "vm-alpha": kho_vmalloc.order is 40, and the size of a run overflows',
    at: 'kho_vmalloc.order  address 0x2df3000',
    bytes: '00 00 00 00 00 00 00 00 00 00 00 00 00 00 [39 30] (address 0x2df2ff2)',
    found: '40',
    expected: 'at most 10',
  },
  'VMALLOC-004': {
    fault: 'a list that leads to itself (linux-7.3-live-update)',
    message:
      'the memfd of token 0x1a, session "vm-alpha": its list goes on at 0x3dad000, which it has already passed',
    at: 'kho_vmalloc_hdr.next  address 0x3dad000',
    bytes: '[00 d0 da 03 00 00 00 00] (address 0x3dad000)',
  },
  'VMALLOC-005': {
    fault: 'a list page that is not preserved (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": its list page at 0x3dad000 is not preserved',
    at: 'address 0x3dad000',
  },
  'VMALLOC-006': {
    fault: 'a run that is not preserved (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": run 1 at 0x3de1000 is not preserved',
    at: 'address 0x3de1000',
  },
  'VMALLOC-007': {
    fault: 'a run in a block of two pages (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": run 0 at 0x3de0000 has order 0, its block order 1',
    at: 'address 0x3de0000',
    found: 'order 1',
    expected: 'order 0',
  },
  'VMALLOC-008': {
    fault: 'an entry behind the end (linux-7.3-live-update)',
    message:
      'the memfd of token 0x1a, session "vm-alpha": the list page at 0x3dad000 has entries after the 0 of entry 24',
    at: 'kho_vmalloc_chunk.phys  address 0x3dad000',
    bytes: '[00 …] (address 0x3dad000)',
  },
  'VMALLOC-009': {
    fault: 'no list (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": first is 0, total_pages is 24',
    at: 'kho_vmalloc.first  address 0x2df3000',
    bytes: '[39 30 00 00 00 00 00 00] 00 00 80 01 00 00 00 00 (address 0x2df3000)',
  },
  'VMALLOC-010': {
    fault: '2^30 pages (linux-7.3-live-update)',
    message: 'the memfd of token 0x1a, session "vm-alpha": total_pages is 1073741824',
    at: 'kho_vmalloc.total_pages  address 0x2df3000',
    bytes: '00 00 00 00 00 00 00 00 [39 30 00 00] 00 00 00 00 (address 0x2df2ff8)',
    found: '1073741824',
    expected: 'at most 268435455',
  },
};
