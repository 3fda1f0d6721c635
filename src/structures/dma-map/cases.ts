/** Dumps that break the rules on what domains map. */
import { LAYOUT } from '../../../test/rfc/build-dump.js';
import { le, poke, setInode, setKey } from '../../../test/rfc/corrupt.js';
import { AREA, type FieldCase, L1, PTE, type RuleCase, word, wordAt } from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  [
    '/guestmemfs/fs_mem mem',
    setKey('guestmemfs.fsMem.addr', '0x100200001'),
    ['MAP-002', 'MAP-008', 'MAP-009'],
  ],
  [
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setKey('iommufds.0.ioases.0.pinnedFileHandle', '0x0'),
    ['MAP-006'],
  ],
  [
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setKey('iommufds.0.ioases.0.pinnedFileHandle', '0x1'),
    ['MAP-007'],
  ],
  [
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setKey('iommufds.0.ioases.0.pinnedFileHandle', '0x1bad'),
    ['MAP-007'],
  ],
  [
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setKey('iommufds.0.ioases.0.pinnedFileHandle', '0x3'),
    ['MAP-009', 'MAP-013'],
  ],
  [
    '/iommufd/iommufds/*/ioases/*/* iova-start',
    setKey(`${AREA}.0.iovaStart`, '0x1000'),
    ['MAP-003', 'MAP-004'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x15000'), ['MAP-004']],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x13000'), ['MAP-003']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.0.iommuProt`, 5), ['MAP-005']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.1.iommuProt`, 7), ['MAP-005']],
  ['guestmemfs_inode.long_term_pins', setInode(2, 'longTermPins', 0), ['MAP-007']],
  ['guestmemfs_inode.long_term_pins', setInode(4, 'longTermPins', 1), ['MAP-013']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) ^ 0x1000_0000_0000n), ['MAP-002']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) - 0x1000n), ['MAP-010']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) + 0x80_0000n), ['MAP-008', 'MAP-009', 'MAP-010']],
  ['page-table entry, write', word(PTE, wordAt(PTE) ^ 2n), ['MAP-005']],
  ['page-table entry, snoop', word(PTE, wordAt(PTE) ^ 0x800n), ['MAP-017']],
  ['page-table entry, present', word(PTE, 0n), ['MAP-004']],
  ['page-table entry, a mapping beside the areas', word(L1, 0x100200003n), ['MAP-003']],
];

export const RFC_RULES: readonly RuleCase[] = [
  ['MAP-011', 'the index page in the region', setKey('guestmemfs.mappingsToInode.addr', '0x100000000')],
  ['MAP-012', 'a block of another domain', poke(PTE, le(0x1_0060_7003n, 8))],
  ['MAP-015', 'a write-only area', setKey('iommufds.0.ioases.0.areas.0.iommuProt', 6)],
  ['MAP-016', 'bits of mapped blocks cleared', poke(LAYOUT.bitmap, [0])],
];
