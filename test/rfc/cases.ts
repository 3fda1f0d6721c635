/** Single-field damage of a consistent dump, and which rules say so. */
import { GUESTMEMFS_SB } from '../../src/records/guestmemfs.js';
import { KHO_DATA_RFC2024 } from '../../src/records/kho.js';
import { buildDump, LAYOUT } from './build-dump.js';
import { both, type Damage, le, nodeAt, poke, setInode, setKey, setProperty } from './corrupt.js';
import { SAMPLE_PLAN } from './plan.js';

export const DUMP = buildDump(SAMPLE_PLAN);
/** What even a consistent dump shows (rfc-2024 K11). */
export const UNAVOIDABLE = new Set(['KHO-011']);
const [DOMAIN] = DUMP.domains;
if (DOMAIN === undefined) throw new Error('the sample has domains');
const { tables } = DOMAIN;
/** Top table, level 2 with a 2 MiB leaf first, and level 1 of the first area of 4 KiB leaves. */
export const [PML4, L2, L1] = [tables.address(4, 0), tables.address(2, 0), tables.address(1, 0)];
/** The first area of 4 KiB leaves: 528 pages into the IOVAs. */
const PTE = L1 + 16 * 8;
export const MAPPING_PAGE = DUMP.files[0]?.mappingPage ?? 0;
const DOMAIN_PATH = '/intel-iommu/domains/1';
const IOAS_PATH = '/iommufd/iommufds/1/ioases/1';
const AREA = 'iommufds.0.ioases.0.areas';
const FILE_INO = DUMP.files[0]?.ino ?? 0;

const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
const sb = (field: keyof typeof GUESTMEMFS_SB, value: bigint | number, size: number): Damage =>
  poke(LAYOUT.superblock + GUESTMEMFS_SB[field], le(value, size));
const payload = (field: keyof typeof KHO_DATA_RFC2024, value: bigint | number): Damage =>
  poke(LAYOUT.setupData + 16 + KHO_DATA_RFC2024[field], le(value, 8));
const word = (address: number, value: bigint): Damage => poke(address, le(value, 8));
const wordAt = (address: number): bigint => {
  const bytes = new Uint8Array(8);
  DUMP.memory.read(address, 8, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
};
const rename = (path: string, name: string): Damage => ({
  tree: (root) => {
    nodeAt(root, path).name = name;
  },
});
const resize = (path: string, property: string, size: number): Damage =>
  setProperty(path, property, new Uint8Array(size));

/** Field, what is done to it, and the rules of which one at least says so above a note. */
export const CASES: readonly (readonly [field: string, damage: Damage, rules: readonly string[]])[] = [
  ['/ compatible', setProperty('/', 'compatible', text('kho-v9')), ['KHO-002']],
  ['/ftrace compatible', setProperty('/ftrace', 'compatible', text('ftrace-v9')), ['FTRACE-001']],
  ['/ftrace events', resize('/ftrace', 'events', 9), ['FTRACE-003']],
  ['/ftrace/global-trace compatible', setProperty('/ftrace/global-trace', 'compatible'), ['FTRACE-001']],
  [
    '/ftrace/global-trace/cpu* compatible',
    setProperty('/ftrace/global-trace/cpu0', 'compatible'),
    ['FTRACE-001'],
  ],
  ['/ftrace/global-trace/cpu* cpu', setKey('ftrace.globalTrace.cpus.0.cpu', 1), ['FTRACE-002']],
  ['/ftrace/global-trace/cpu* mem', setKey('ftrace.globalTrace.cpus.0.mem.1.len', '0x800'), ['FTRACE-001']],
  [
    '/ftrace/global-trace/cpu* mem',
    setKey('ftrace.globalTrace.cpus.0.mem.1.addr', '0x20900800'),
    ['FTRACE-001'],
  ],
  [
    '/ftrace/global-trace/cpu* mem',
    setKey('ftrace.globalTrace.cpus.0.mem.1.addr', '0x20901000'),
    ['KHO-007'],
  ],
  ['/ftrace/global-trace/cpu* mem', resize('/ftrace/global-trace/cpu0', 'mem', 24), ['KHO-003']],
  [
    '/intel-iommu compatible',
    setProperty('/intel-iommu', 'compatible', text('intel-iommu-v1')),
    ['DMAR-001'],
  ],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1', undefined), ['DMAR-010']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.0', undefined), ['DMAR-009']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0x2000'), ['DMAR-014', 'KHO-007']],
  [
    '/intel-iommu/domains/* mem',
    setKey('domains.0.mem.1.addr', '0x100000000'),
    ['KHO-008', 'DMAR-010', 'DMAR-011'],
  ],
  [
    '/intel-iommu/domains/* mem',
    setKey('domains.0.mem.1.addr', '0x10001001'),
    ['KHO-005', 'KHO-010', 'DMAR-014'],
  ],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.addr', '0x40000000'), ['KHO-006']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0x0'), ['KHO-004']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0xffffffffffffffff'), ['KHO-004']],
  ['/intel-iommu/domains/* mem', resize(DOMAIN_PATH, 'mem', 17), ['KHO-003', 'DMAR-003']],
  ['/intel-iommu/domains/* mem', setProperty(DOMAIN_PATH, 'mem'), ['DMAR-003']],
  ['/intel-iommu/domains/* name', rename(DOMAIN_PATH, '01'), ['DMAR-006']],
  ['/intel-iommu/domains/* name', rename(DOMAIN_PATH, '4'), ['KHO-013', 'DMAR-006']],
  ['/intel-iommu/domains/* persistent_id', setProperty(DOMAIN_PATH, 'persistent_id', le(9, 8)), ['DMAR-006']],
  ['/intel-iommu/domains/* persistent_id', resize(DOMAIN_PATH, 'persistent_id', 4), ['DMAR-005']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x0'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x10000800'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x100000000'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x40000000'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x30000000'), ['DMAR-009']],
  ['/intel-iommu/domains/* pgd', setProperty(DOMAIN_PATH, 'pgd'), ['DMAR-005']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 4), ['DMAR-007']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', -1), ['DMAR-007']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 1), ['IOMMUFD-010', 'VTD-158']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 3), ['VTD-158']],
  ['/intel-iommu/domains/*/devices/* bus', resize(`${DOMAIN_PATH}/devices/0`, 'bus', 2), ['DMAR-017']],
  [
    '/intel-iommu/domains/*/devices/* bus',
    both(setKey('domains.0.devices.0.bus', 1), setKey('domains.0.devices.0.devfn', 8)),
    ['DMAR-017'],
  ],
  ['/intel-iommu/domains/*/devices/* devfn', setProperty(`${DOMAIN_PATH}/devices/0`, 'devfn'), ['DMAR-017']],
  ['/intel-iommu/domains/*/devices/* name', rename(`${DOMAIN_PATH}/devices/0`, '7'), ['DMAR-017']],
  ['/guestmemfs compatible', setProperty('/guestmemfs', 'compatible', text('guestmemfs-v0')), ['GMFS-001']],
  ['/guestmemfs/fs_mem mem', setKey('guestmemfs.fsMem.addr', '0x100000000'), ['GMFS-003']],
  [
    '/guestmemfs/fs_mem mem',
    setKey('guestmemfs.fsMem.addr', '0x100200001'),
    ['MAP-002', 'MAP-008', 'MAP-009'],
  ],
  ['/guestmemfs/fs_mem mem', setKey('guestmemfs.fsMem.len', '0x800000'), ['GMFS-016']],
  ['/guestmemfs/superblock mem', setKey('guestmemfs.superblock.1.len', '0x100000'), ['GMFS-002']],
  [
    '/guestmemfs/superblock mem',
    setKey('guestmemfs.superblock.2.addr', '0x20002000'),
    ['GMFS-009', 'GMFS-018', 'KHO-007'],
  ],
  ['/guestmemfs/mappings_blocks mem', setKey('guestmemfs.mappingsBlocks.0.addr', '0x20003000'), ['GMFS-008']],
  ['/guestmemfs/mappings_to_inode mem', setKey('guestmemfs.mappingsToInode.len', '0x10'), ['GMFS-008']],
  [
    '/guestmemfs/mappings_to_inode mem',
    setKey('guestmemfs.mappingsToInode.addr', '0x20002000'),
    ['GMFS-008', 'KHO-007'],
  ],
  ['/guestmemfs/mappings_to_inode num_inodes', setKey('guestmemfs.numInodes', '0x7'), ['GMFS-005']],
  ['/iommufd compatible', setProperty('/iommufd', 'compatible', text('iommufd-v1')), ['IOMMUFD-001']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/1', '2'), ['IOMMUFD-004', 'DMAR-019']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/4', '0'), ['IOMMUFD-003']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/4', '04'), ['IOMMUFD-003']],
  ['/iommufd/iommufds/*/ioases/* name', rename(IOAS_PATH, '5'), ['IOMMUFD-006']],
  ['/iommufd/iommufds/*/ioases/* name', rename(IOAS_PATH, 'x'), ['IOMMUFD-005']],
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
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setProperty(IOAS_PATH, 'pinned-file-handle'),
    ['IOMMUFD-007'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* name', rename(`${IOAS_PATH}/1`, '9'), ['IOMMUFD-008']],
  [
    '/iommufd/iommufds/*/ioases/*/* iova-start',
    setKey(`${AREA}.0.iovaStart`, '0x1000'),
    ['MAP-003', 'MAP-004'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* iova-start', setKey(`${AREA}.1.iovaStart`, '0x0'), ['IOMMUFD-011']],
  [
    '/iommufd/iommufds/*/ioases/*/* iova-start',
    setKey(`${AREA}.2.iovaStart`, '0xfffffffffffff000'),
    ['IOMMUFD-010'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x0'), ['IOMMUFD-009']],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x13800'), ['IOMMUFD-012']],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x15000'), ['MAP-004']],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x13000'), ['MAP-003']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.0.iommuProt`, 5), ['MAP-005']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.1.iommuProt`, 7), ['MAP-005']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.0.iommuProt`, 0x47), ['IOMMUFD-013']],
  ['kho_mem.addr', poke(LAYOUT.cache, le(0x30000000, 8)), ['KHO-009']],
  ['kho_mem.len', poke(LAYOUT.cache + 8, le(0x1000, 8)), ['KHO-009']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', LAYOUT.cache), ['KHO-017']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', 1n << 52n), ['KHO-017']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', 0), ['KHO-017']],
  ['kho_data_rfc2024.scratch_addr', payload('scratchAddr', LAYOUT.scratch + LAYOUT.scratchSize), ['KHO-012']],
  ['kho_data_rfc2024.scratch_size', payload('scratchSize', 0x100000), ['KHO-012']],
  ['kho_data_rfc2024.mem_cache_addr', payload('memCacheAddr', LAYOUT.cache + 16), ['KHO-009', 'KHO-012']],
  ['kho_data_rfc2024.mem_cache_size', payload('memCacheSize', 16), ['KHO-009']],
  ['guestmemfs_sb.next_free_ino', sb('nextFreeIno', 3, 8), ['GMFS-012']],
  ['guestmemfs_sb.allocated_inodes', sb('allocatedInodes', 2, 8), ['GMFS-013']],
  ['guestmemfs_sb.inodes', sb('inodes', 0xffff888021001000n, 8), ['GMFS-009']],
  ['guestmemfs_sb.allocator_bitmap', sb('allocatorBitmap', 0, 8), ['GMFS-009']],
  ['guestmemfs_sb.allocation_lock', sb('allocationLock', 1, 4), ['GMFS-022']],
  ['guestmemfs_sb.serialised', sb('serialised', 0, 1), ['GMFS-022']],
  ['guestmemfs_inode.flags', setInode(FILE_INO, 'flags', 0), ['GMFS-007']],
  ['guestmemfs_inode.sibling_ino', setInode(4, 'siblingIno', 2), ['GMFS-011']],
  ['guestmemfs_inode.child_ino', setInode(1, 'childIno', 2), ['GMFS-011']],
  ['guestmemfs_inode.filename', setInode(2, 'filename', text('vm file 1')), ['GMFS-014']],
  ['guestmemfs_inode.mappings', setInode(2, 'mappings', 0xffff888020003000n), ['GMFS-009']],
  ['guestmemfs_inode.num_mappings', setInode(2, 'numMappings', 2), ['GMFS-019', 'MAP-008']],
  ['guestmemfs_inode.num_mappings', setInode(2, 'numMappings', 513), ['GMFS-015']],
  ['guestmemfs_inode.long_term_pins', setInode(2, 'longTermPins', 0), ['MAP-007']],
  ['guestmemfs_inode.long_term_pins', setInode(4, 'longTermPins', 1), ['MAP-013']],
  ['mapping_block.mappings', word(MAPPING_PAGE + 8, 2n), ['GMFS-017']],
  ['mapping_block.mappings', word(MAPPING_PAGE + 8, 9n), ['GMFS-018', 'MAP-008', 'MAP-010']],
  ['mapping_inode.mappings_to_inode', poke(LAYOUT.index, le(5, 4)), ['GMFS-007']],
  ['bitmap', poke(LAYOUT.bitmap, [0]), ['GMFS-018']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) ^ 0x1000_0000_0000n), ['MAP-002']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) - 0x1000n), ['MAP-010']],
  ['page-table entry, leaf address', word(PTE, wordAt(PTE) + 0x80_0000n), ['MAP-008', 'MAP-009', 'MAP-010']],
  ['page-table entry, write', word(PTE, wordAt(PTE) ^ 2n), ['MAP-005']],
  ['page-table entry, snoop', word(PTE, wordAt(PTE) ^ 0x800n), ['MAP-017']],
  ['page-table entry, present', word(PTE, 0n), ['MAP-004']],
  ['page-table entry, bit 7 of a 4 KiB leaf', word(PTE, wordAt(PTE) | 0x80n), ['DMAR-016', 'DMAR-020']],
  ['page-table entry, alignment of a 2 MiB leaf', word(L2, wordAt(L2) + 0x1000n), ['VTD-092', 'VTD-091']],
  [
    'page-table entry, large bit of the top level',
    word(PML4, wordAt(PML4) | 0x80n),
    ['DMAR-013', 'DMAR-016', 'DMAR-020', 'MAP-004'],
  ],
  ['page-table entry, top entry 0', word(PML4, 0n), ['DMAR-013', 'MAP-004']],
  ['page-table entry, table address', word(PML4, (wordAt(PML4) & 0xfffn) | BigInt(PML4)), ['DMAR-015']],
  [
    'page-table entry, table address',
    both(word(PML4, 0x30000003n), poke(0x30000000, new Uint8Array(4096))),
    ['DMAR-010'],
  ],
  [
    'page-table entry, table address',
    both(word(PML4, 0x100000003n), poke(LAYOUT.region, new Uint8Array(4096))),
    ['DMAR-015'],
  ],
  ['page-table entry, a mapping beside the areas', word(L1, 0x100200003n), ['MAP-003']],
];

/** Why a field may hold anything. */
export const UNCONSTRAINED: Readonly<Record<string, string>> = {
  '/ftrace/global-trace trace-flags': 'a bit map of options, any of them allowed',
  'setup_data.next': "what follows in the list is not the handover's",
  'setup_data.type': 'another type is another element: the tree is then found by search',
  'setup_data.len': 'another length is the payload of another generation',
  'kho_data_rfc2024.dt_size': "the reader goes by the tree's own totalsize",
  'guestmemfs_sb.(padding)': 'not read',
  'guestmemfs_inode.(padding)': 'not read',
};
