/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const memfdExamples: { readonly [rule: string]: RuleExample } = {
  'MEMFD-001': {
    fault: 'data 0 (linux-7.3-live-update)',
    message: 'data of the memfd of token 0x1a, session "vm-alpha", is 0x0',
    at: 'luo_file_ser.data  address 0x2df2040',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] 1a 00 00 00 00 00 00 00 (address 0x2df2038)',
  },
  'MEMFD-002': {
    fault: 'a seal of the future (linux-7.3-live-update)',
    message: 'seals of the memfd of token 0x1a, session "vm-alpha" are 0x41',
    at: 'memfd_luo_ser.seals  address 0x2df3010',
    bytes: '00 00 80 01 00 00 00 00 [41 00 00 00] 00 00 00 00 00 18 00 00 (address 0x2df3008)',
    found: '0x41',
    expected: 'bits of 0x3f',
  },
  'MEMFD-019': {
    fault: 'a file of MFD_NOEXEC_SEAL (linux-7.3-live-update)',
    message: 'seals of the memfd of token 0x1a, session "vm-alpha" are 0x20; the file comes back with 0x3e',
    at: 'memfd_luo_ser.seals  address 0x2df3010',
    bytes: '00 00 80 01 00 00 00 00 [20 00 00 00] 00 00 00 00 00 18 00 00 (address 0x2df3008)',
    found: '0x20',
    expected: '0x3e',
  },
  'MEMFD-003': {
    fault: 'a flag (linux-7.3-live-update)',
    message: 'flags of the memfd of token 0x1a, session "vm-alpha" is 0x1',
    at: 'memfd_luo_ser.flags  address 0x2df3014',
    bytes: '00 00 80 01 00 00 00 00 01 00 00 00 [01 00 00 00] 00 18 00 00 00 00 00 00 (address 0x2df3008)',
    found: '0x1',
    expected: '0x0',
  },
  'MEMFD-004': {
    fault: 'a negative position (linux-7.3-live-update)',
    message: 'pos of the memfd of token 0x1a, session "vm-alpha" is 0xffffffffffffffff',
    at: 'memfd_luo_ser.pos  address 0x2df3000',
    found: '0xffffffffffffffff',
    expected: 'at most 0x7fffffffffffffff',
  },
  'MEMFD-005': {
    fault: 'a negative size (linux-7.3-live-update)',
    message: 'size of the memfd of token 0x1a, session "vm-alpha" is 0xfffffffffffff000, negative as loff_t',
    at: 'memfd_luo_ser.size  address 0x2df3008',
    found: '0xfffffffffffff000',
    expected: 'at most 0xffffffff000',
  },
  'MEMFD-006': {
    fault: 'more folios than the list holds (linux-7.3-live-update)',
    message: 'nr_folios of the memfd of token 0x1a, session "vm-alpha" is 6145, its list has room for 6144',
    at: 'memfd_luo_ser.nr_folios  address 0x2df3018',
    bytes: '01 00 00 00 00 00 00 00 [01 18 00 00 00 00 00 00] 00 d0 da 03 00 00 00 00 (address 0x2df3010)',
    found: '6145',
    expected: 'at most 6144',
  },
  'MEMFD-008': {
    fault: 'a page that nobody preserved (linux-7.3-live-update)',
    message: 'Folio 5 of the memfd of token 0x1a, session "vm-alpha": no preserved block starts at pfn 0x7',
    at: 'memfd_luo_folio_ser.pfn  address 0x7000',
  },
  'MEMFD-009': {
    fault: 'pfn 0 (linux-7.3-live-update)',
    message:
      'Folio 5 of the memfd of token 0x1a, session "vm-alpha": pfn is 0, index 0x5; 1 page of the file is lost with such entries',
    at: 'memfd_luo_folio_ser.pfn  address 0x0',
  },
  'MEMFD-010': {
    fault: 'beyond the end (linux-7.3-live-update)',
    message:
      'Folio 511 of the memfd of token 0xffffffffffffffff, session "vm-alpha": index 0x1ff is beyond the end of the file (0x1ff000 bytes)',
    at: 'memfd_luo_folio_ser.index  address 0x3fae000',
  },
  'MEMFD-011': {
    fault: 'a block of 4 pages at index 1 (linux-7.3-live-update)',
    message:
      'Folio 1 of the memfd of token 0x1a, session "vm-alpha": index 0x1 is not aligned to its order 2',
    at: 'memfd_luo_folio_ser.index  address 0x10000000',
  },
  'MEMFD-012': {
    fault: 'a folio of order 11 (linux-7.3-live-update)',
    message:
      'Folio 1 of the memfd of token 0x1a, session "vm-alpha": index 0x1 belongs to another folio already (and 2046 more)',
    at: 'memfd_luo_folio_ser.index  address 0x17f1000',
  },
  'MEMFD-013': {
    fault: 'a flag of the future (linux-7.3-live-update)',
    message: 'Folio 5 of the memfd of token 0x1a, session "vm-alpha": flags is 0x7',
    at: 'memfd_luo_folio_ser.flags  address 0x17ed000',
  },
  'MEMFD-014': {
    fault: 'one page twice (linux-7.3-live-update)',
    message: 'Folio 5 of the memfd of token 0x1a, session "vm-alpha": pfn 0x17ee occurs before in the list',
    at: 'memfd_luo_folio_ser.pfn  address 0x17ee000',
  },
  'MEMFD-016': {
    fault: 'a page of another file (linux-7.3-live-update)',
    message:
      'Folio 5 of the memfd of token 0xffffffffffffffff, session "vm-alpha": pfn 0x17ee belongs to the memfd of token 0x1a, session "vm-alpha" too',
    at: 'memfd_luo_folio_ser.pfn  address 0x17ee000',
  },
  'MEMFD-018': {
    fault: 'one record for two files (linux-7.3-live-update)',
    message:
      'The records of the memfd of token 0x1a, session "vm-alpha" and of the memfd of token 0xffffffffffffffff, session "vm-alpha" are on the same page, at 0x2df3000',
    at: 'luo_file_ser.data  address 0x2df3000',
    bytes: '00 00 00 00 00 00 00 00 [39 30 00 00 00 00 00 00] 00 00 80 01 00 00 00 00 (address 0x2df2ff8)',
  },
  'MEMFD-020': {
    fault: 'a folio that is not dirty (linux-7.3-live-update)',
    message:
      'Folio 5 of the memfd of token 0x1a, session "vm-alpha", index 0x5, is without MEMFD_LUO_FOLIO_DIRTY',
    at: 'memfd_luo_folio_ser.flags  address 0x17ed000',
    found: '0x2',
    expected: '0x3',
  },
  'MEMFD-021': {
    fault: 'a list that is cut (linux-7.3-live-update)',
    message:
      'The memfd of token 0xffffffffffffffff, session "vm-alpha", has 2 MiB; its list of 496 folios leaves out 64 KiB from index 0x1f0 on',
    at: 'memfd_luo_ser.nr_folios  address 0x3dae018',
    bytes: '01 00 00 00 00 00 00 00 [f0 01 00 00 00 00 00 00] 00 f0 fa 03 00 00 00 00 (address 0x3dae010)',
    found: '496 folios',
    expected: 'folios for 512 pages',
  },
  'MEMFD-022': {
    fault: 'a folio of 2 MiB that is one page in the map (linux-7.3-live-update)',
    message:
      'Folio 0 of the memfd of token 0xffffffffffffffff, session "vm-alpha", index 0x0, is a block of order 0 in the map, the file ends at index 0x200: missing are 2044 KiB from index 0x1 on',
    at: 'memfd_luo_folio_ser.index  address 0x10000000',
    found: 'order 0, 1 page',
    expected: '512 pages',
  },
};
