/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const mapExamples: { readonly [rule: string]: RuleExample } = {
  'MAP-002': {
    fault: '/guestmemfs compatible changed (built by test/rfc)',
    message:
      'domain 1 maps IOVA 0x0-0x200000 (2 MiB) to 0x100000000, and no guestmemfs region is handed over',
    at: '/intel-iommu/domains/1  address 0x100000000  IOVA 0x0-0x200000',
  },
  'MAP-003': {
    fault: '/iommufd/iommufds/*/ioases/*/* iova-len changed (built by test/rfc)',
    message: 'domain 1 maps IOVA 0x223000-0x224000 (4 KiB) to 0x100215000 without an area',
    at: '/intel-iommu/domains/1  address 0x100215000  IOVA 0x223000-0x224000',
  },
  'MAP-004': {
    fault: '/iommufd/iommufds/*/ioases/*/* iova-len changed (built by test/rfc)',
    message: 'area 1 of IOAS 1 covers IOVA 0x224000-0x225000 (4 KiB), which domain 1 does not map',
    at: '/iommufd/iommufds/1/ioases/1/1  IOVA 0x224000-0x225000',
  },
  'MAP-005': {
    fault: '/iommufd/iommufds/*/ioases/*/* iommu-prot changed (built by test/rfc)',
    message:
      'area 0 of IOAS 1 of iommufd 1 is read-only, but 512 pages of it are writable in the table, the first at IOVA 0x0',
    at: '/iommufd/iommufds/1/ioases/1/0/iommu-prot  bit 1  IOVA 0x0',
    bytes: '[05 00 00 00] (blob offset 0x680)',
    found: 'W = 1',
    expected: 'W = 0',
  },
  'MAP-015': {
    fault: 'a write-only area (built by test/rfc)',
    message:
      'area 0 of IOAS 1 of iommufd 1 is write-only, but 512 pages of it are readable in the table: __domain_mapping() sets bit 0 in every leaf',
    at: '/iommufd/iommufds/1/ioases/1/0/iommu-prot  bit 0  IOVA 0x0',
    bytes: '[06 00 00 00] (blob offset 0x680)',
    found: 'R = 1',
    expected: 'R = 0',
  },
  'MAP-006': {
    fault: '/iommufd/iommufds/*/ioases/* pinned-file-handle changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1 has 3 areas and pinned-file-handle 0',
    at: '/iommufd/iommufds/1/ioases/1/pinned-file-handle',
    bytes: '[00 00 00 00 00 00 00 00] (blob offset 0x63c)',
  },
  'MAP-007': {
    fault: '/iommufd/iommufds/*/ioases/* pinned-file-handle changed (built by test/rfc)',
    message: 'pinned-file-handle 1 is no inode number of a file (2..7084)',
    at: '/iommufd/iommufds/1/ioases/1/pinned-file-handle',
    bytes: '[01 00 00 00 00 00 00 00] (blob offset 0x63c)',
  },
  'MAP-008': {
    fault: 'guestmemfs_inode.num_mappings changed (built by test/rfc)',
    message: 'domain 1 maps IOVA 0x10000224000-0x10000424000 (2 MiB) to 0x100400000, outside any file',
    at: '/intel-iommu/domains/1  address 0x100400000  IOVA 0x10000224000-0x10000424000',
  },
  'MAP-016': {
    fault: 'bits of mapped blocks cleared (built by test/rfc)',
    message: '4 mapped blocks are free in the allocation bitmap: 0, 1, 2, 3',
    at: '/guestmemfs/superblock  guestmemfs_sb.allocator_bitmap  address 0x21200000',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x211ffff8)',
  },
  'MAP-009': {
    fault: '/iommufd/iommufds/*/ioases/* pinned-file-handle changed (built by test/rfc)',
    message:
      '/iommufd/iommufds/1/ioases/1 maps inodes 2, but hands over the last pinned file only: pinned-file-handle 3',
    at: '/iommufd/iommufds/1/ioases/1/pinned-file-handle',
    bytes: '[03 00 00 00 00 00 00 00] (blob offset 0x63c)',
    found: '3',
    expected: '2',
  },
  'MAP-010': {
    fault: 'page-table entry, leaf address changed (built by test/rfc)',
    message: 'domain 1: the file offset jumps within an area at IOVA 0x211000',
    at: '/iommufd/iommufds/1/ioases/1/1  IOVA 0x211000',
  },
  'MAP-011': {
    fault: 'the index page in the region (built by test/rfc)',
    message: '/guestmemfs/mappings_to_inode at 0x100000000-0x100001000 (4 KiB) lies in the guestmemfs region',
    at: '/guestmemfs/mappings_to_inode/mem  address 0x100000000',
    bytes: '[00 00 00 00 01 00 00 00 00 10 00 00 00 00 00 00] (blob offset 0x5b4)',
  },
  'MAP-012': {
    fault: 'a block of another domain (built by test/rfc)',
    message: 'domain 4 and domain 1 both map 1 block: 3',
    at: '/intel-iommu/domains/4  address 0x100600000',
  },
  'MAP-013': {
    fault: '/iommufd/iommufds/*/ioases/* pinned-file-handle changed (built by test/rfc)',
    message: 'inode 2 has 3 long_term_pins, and no IOAS names it',
    at: 'guestmemfs_inode.long_term_pins  address 0x21000128',
    bytes: '00 00 00 00 00 00 00 00 00 00 00 00 [01 00 00 00] (address 0x2100011c)',
  },
  'MAP-017': {
    fault: 'page-table entry, snoop changed (built by test/rfc)',
    message:
      'area 1 of IOAS 1 of iommufd 1 has 1 page with SNP and 19 without; the bit changes at IOVA 0x211000',
    at: '/iommufd/iommufds/1/ioases/1/1  bit 11  IOVA 0x211000',
    found: 'SNP in 1 of 20',
    expected: 'in all of them or in none',
  },
};
