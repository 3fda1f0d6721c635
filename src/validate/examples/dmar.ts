/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const dmarExamples: { readonly [rule: string]: RuleExample } = {
  'DMAR-001': {
    fault: '/intel-iommu compatible changed (built by test/rfc)',
    message: '/intel-iommu is "intel-iommu-v1"',
    at: '/intel-iommu/compatible',
    bytes: '[69 6e 74 65 6c 2d 69 6f 6d 6d 75 2d 76 31 00] (blob offset 0x250)',
    found: 'intel-iommu-v1',
    expected: 'intel-iommu-v0',
  },
  'DMAR-002': {
    fault: 'no domains (built by test/rfc)',
    message: '/intel-iommu has no domains node',
    at: '/intel-iommu/domains',
  },
  'DMAR-003': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message: '/intel-iommu/domains/1/mem has 17 bytes, no multiple of 16',
    at: '/intel-iommu/domains/1/mem',
    bytes: '[00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00] (blob offset 0x280)',
  },
  'DMAR-004': {
    fault: 'more records than the buffer holds (built by test/rfc)',
    message: 'mem of domain 1 has 257 records, the buffer holds 256: 16 bytes were written behind it',
    at: '/intel-iommu/domains/1/mem',
    bytes:
      '00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 00 00 10 00 10 00 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x280)',
    found: '4112 bytes',
    expected: 'at most 4096 bytes',
  },
  'DMAR-005': {
    fault: '/intel-iommu/domains/* persistent_id changed (built by test/rfc)',
    message: '/intel-iommu/domains/1/persistent_id has 4 bytes',
    at: '/intel-iommu/domains/1/persistent_id',
    bytes: '[00 00 00 00] (blob offset 0x30c)',
    found: '4 bytes',
    expected: '8 bytes',
  },
  'DMAR-006': {
    fault: '/intel-iommu/domains/* name changed (built by test/rfc)',
    message: 'node "01" has persistent_id 1',
    at: '/intel-iommu/domains/01/persistent_id',
    bytes: '[01 00 00 00 00 00 00 00] (blob offset 0x30c)',
    found: '01',
    expected: '1',
  },
  'DMAR-007': {
    fault: '/intel-iommu/domains/* agaw changed (built by test/rfc)',
    message: 'agaw of domain 1 is 4',
    at: '/intel-iommu/domains/1/agaw',
    bytes: '[04 00 00 00] (blob offset 0x334)',
    found: '4',
    expected: '1, 2 or 3',
  },
  'DMAR-008': {
    fault: '/intel-iommu/domains/* pgd changed (built by test/rfc)',
    message: 'pgd 0x0 of domain 1 is 0',
    at: '/intel-iommu/domains/1/pgd  address 0x0',
    bytes: '[00 00 00 00 00 00 00 00] (blob offset 0x320)',
  },
  'DMAR-009': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message:
      'the pgd 0x10000000 of domain 1 is in no mem record, so it is not persistent; the RFC’s save_pte_pages starts one level too low and only below pgd[0], so it never lists them',
    at: '/intel-iommu/domains/1/pgd  address 0x10000000',
    bytes: '[00 00 00 10 00 00 00 00] (blob offset 0x310)',
    found: 'not in mem',
    expected: 'mem with (0x10000000, 0x1000)',
  },
  'DMAR-010': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message:
      '1 of 8 page-table pages of domain 1 below its pgd are in no mem record, so they are not persistent: 0x10001000 (level 3); the RFC’s save_pte_pages starts one level too low and only below pgd[0], so it never lists them',
    at: '/intel-iommu/domains/1/mem  address 0x10001000  IOVA 0x0',
    bytes:
      '00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 00 00 20 00 10 00 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x280)',
    found: '7 of 8 in mem',
    expected: 'all of them',
  },
  'DMAR-014': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message: 'record 1 of domain 1, 0x10001000, has len 0x2000',
    at: '/intel-iommu/domains/1/mem  kho_mem.len  address 0x10001000',
    bytes:
      '00 10 00 10 00 00 00 00 [00 20 00 00 00 00 00 00] 00 20 00 10 00 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x290)',
  },
  'DMAR-011': {
    fault: 'a guest data page instead of a table page (built by test/rfc)',
    message:
      'mem of domain 1 lists 1 guest data page as if they were table pages: 0x100202000-0x100203000 (4 KiB)',
    at: '/intel-iommu/domains/1/mem  address 0x100202000  IOVA 0x210000',
    bytes:
      '00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 00 00 20 20 00 01 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x280)',
  },
  'DMAR-012': {
    fault: 'nothing: a tree in which the kernel counts a page too many (built by test/rfc)',
    message: "mem of domain 1 is not what the RFC's save_pte_pages lists: they part at record 0 (0x10000000)",
    at: '/intel-iommu/domains/1/mem',
    bytes:
      '00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 00 00 10 00 10 00 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x280)',
  },
  'DMAR-013': {
    fault: 'top entry 0 absent, and a producer that does not list every table (built by test/rfc)',
    message: 'entry 0 of the top table of domain 1 is not present: 0x0',
    at: '/intel-iommu/domains/1  address 0x10000000  IOVA 0x0',
    found: '0x0',
    expected: 'a pointer to a table',
  },
  'DMAR-015': {
    fault: 'page-table entry, table address changed (built by test/rfc)',
    message: 'table page 0x100000000 (level 3) of domain 1 lies in the guestmemfs region',
    at: '/intel-iommu/domains/1  address 0x100000000  IOVA 0x0',
  },
  'DMAR-016': {
    fault: 'page-table entry, bit 7 of a 4 KiB leaf changed (built by test/rfc)',
    message: '1 leaf of domain 1 lack bit 0 or are 4 KiB leaves with bit 7, the first at IOVA 0x210000',
    at: '/intel-iommu/domains/1  bit 7, 0  IOVA 0x210000',
  },
  'DMAR-017': {
    fault: '/intel-iommu/domains/*/devices/* bus changed (built by test/rfc)',
    message: 'a device of domain 1 lacks a one-byte bus or devfn',
    at: '/intel-iommu/domains/1/devices/0',
  },
  'DMAR-018': {
    fault: 'no devices (built by test/rfc)',
    message: 'domain 1 has no devices',
    at: '/intel-iommu/domains/1',
  },
  'DMAR-019': {
    fault: '/iommufd/iommufds/* name changed (built by test/rfc)',
    message: '1 domain with persistent_id 1 and no /iommufd/iommufds/1',
    at: '/intel-iommu/domains/1/persistent_id',
    bytes: '[01 00 00 00 00 00 00 00] (blob offset 0x30c)',
  },
  'DMAR-020': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message: 'mem of domain 1 records 1 superpage as 4 KiB: 0x100000000 (2 MiB)',
    at: '/intel-iommu/domains/1/mem  address 0x100000000  IOVA 0x0',
    bytes:
      '00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x280)',
  },
};
