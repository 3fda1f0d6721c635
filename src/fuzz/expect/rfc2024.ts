/** Fields of the 2024 series (rfc-2024.md sections 2 and 3). */
import { fires, UNKNOWN } from '../mutation.js';
import {
  always,
  anything,
  empty,
  type FieldChange,
  type FieldRule,
  type ListRules,
  repeated,
  unterminated,
  where,
} from './field.js';

const PAGE = 4096n;
const beyond = ({ value }: FieldChange): boolean => value >= 1n << 52n;
const inProperty = ({ instance }: FieldChange, pattern: RegExp): boolean => pattern.test(instance.what);

/** kho_mem.addr of a property: bit 0 is a flag that only fs_mem has. */
const recordAddress: FieldRule = (change) => {
  if (change.instance.property === undefined) return fires('KHO-009', 'KHO-011', 'KHO-016');
  if (beyond(change)) return fires('KHO-004', 'KHO-005');
  if (inProperty(change, /^\/guestmemfs\/fs_mem /)) {
    return (change.value & 1n) === 0n ? fires('GMFS-003', 'KHO-009') : UNKNOWN;
  }
  return (change.value & 1n) !== 0n ? fires('KHO-005', 'KHO-010') : UNKNOWN;
};

const recordLength: FieldRule = (change) => {
  if (change.instance.property === undefined) return fires('KHO-009', 'KHO-011', 'KHO-016');
  return change.value === 0n || change.value > 1n << 52n ? fires('KHO-004') : UNKNOWN;
};

/** By `record.field` of the schemas. */
export const rfc2024Fields: Readonly<Record<string, FieldRule>> = {
  'kho_mem.addr': recordAddress,
  'kho_mem.len': recordLength,
  'persistent_id.value': always('DMAR-006'),
  'pgd.value': where(({ value }) => value === 0n || value % PAGE !== 0n || value >= 1n << 52n, ['DMAR-008']),
  'agaw.value': where(({ value }) => value > 3n, ['DMAR-007']),
  'iova_len.value': where(({ value }) => value === 0n || value % PAGE !== 0n, ['IOMMUFD-009', 'IOMMUFD-012']),
  'iova_start.value': where(
    ({ value }) => value % PAGE !== 0n,
    ['IOMMUFD-012', 'IOMMUFD-010', 'IOMMUFD-011'],
  ),
  'iommu_prot.value': where(({ value }) => (value & ~0x3fn) !== 0n, ['IOMMUFD-013']),
  'num_inodes.value': always('GMFS-005'),
  'trace_flags.value': anything,
  'cpu.value': always('FTRACE-002'),
  'guestmemfs_sb.serialised': where(({ value }) => value === 0n, ['GMFS-022']),
  'guestmemfs_sb.allocation_lock': where(({ value }) => value !== 0n, ['GMFS-022']),
  'guestmemfs_sb.allocated_inodes': always('GMFS-013'),
  'guestmemfs_sb.next_free_ino': always('GMFS-012'),
  'guestmemfs_sb.inodes': always('GMFS-009'),
  'guestmemfs_sb.allocator_bitmap': always('GMFS-009'),
  'guestmemfs_inode.filename': (change) => {
    if (change.instance.list !== 'files') return UNKNOWN;
    return unterminated(change) || empty(change) || repeated(change) ? fires('GMFS-014') : UNKNOWN;
  },
  'guestmemfs_inode.num_mappings': (change) => {
    if (change.instance.list !== 'files') return UNKNOWN;
    return change.value > 512n ? fires('GMFS-015') : UNKNOWN;
  },
  'guestmemfs_inode.mappings': (change) => (change.instance.list === 'files' ? fires('GMFS-009') : UNKNOWN),
  'mapping_inode.ino': always('GMFS-007'),
  'mapping_block.block': (change) => {
    if (change.others.includes(change.value)) return fires('GMFS-017');
    return change.value >= 1n << 32n ? fires('GMFS-016') : UNKNOWN;
  },
};

/** What becomes of lists of records. */
export const rfc2024Lists: Readonly<Record<string, ListRules>> = {
  kho_mem: {
    twice: fires('KHO-007', 'KHO-008', 'KHO-009', 'KHO-010'),
    zeroed: fires('KHO-004', 'KHO-009'),
    swapped: UNKNOWN,
  },
  mapping_inode: { twice: fires('GMFS-007'), zeroed: fires('GMFS-007'), swapped: fires('GMFS-007') },
  mapping_block: { twice: fires('GMFS-017'), zeroed: UNKNOWN, swapped: UNKNOWN },
  guestmemfs_inode: { twice: fires('GMFS-014'), zeroed: fires('GMFS-007', 'GMFS-010'), swapped: UNKNOWN },
};
