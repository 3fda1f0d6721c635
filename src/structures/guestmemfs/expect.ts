/** What a checker has to say of changed structures of guestmemfs. */
import {
  always,
  type Expectations,
  empty,
  ofRecords,
  repeated,
  unterminated,
  where,
} from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';
import { guestmemfsInode, guestmemfsSb, mappingBlock, mappingInode } from '../../records/guestmemfs.js';
import { MAPPING_ENTRIES } from './memory.js';

export const expectations: Expectations = {
  fields: {
    'num_inodes.value': always('GMFS-005'),
    ...ofRecords([guestmemfsSb], {
      serialised: where(({ value }) => value === 0n, ['GMFS-022']),
      allocationLock: where(({ value }) => value !== 0n, ['GMFS-022']),
      allocatedInodes: always('GMFS-013'),
      nextFreeIno: always('GMFS-012'),
      inodes: always('GMFS-009'),
      allocatorBitmap: always('GMFS-009'),
    }),
    ...ofRecords([guestmemfsInode], {
      filename(change) {
        if (change.instance.list !== 'files') return UNKNOWN;
        return unterminated(change) || empty(change) || repeated(change) ? fires('GMFS-014') : UNKNOWN;
      },
      numMappings: where(
        ({ value, instance }) => instance.list === 'files' && value > MAPPING_ENTRIES,
        ['GMFS-015'],
      ),
      mappings: where(({ instance }) => instance.list === 'files', ['GMFS-009']),
    }),
    ...ofRecords([mappingInode], { ino: always('GMFS-007') }),
    ...ofRecords([mappingBlock], {
      block({ value, others }) {
        if (others.includes(value)) return fires('GMFS-017');
        return value >= 1n << 32n ? fires('GMFS-016') : UNKNOWN;
      },
    }),
  },
  lists: {
    mapping_inode: { twice: fires('GMFS-007'), zeroed: fires('GMFS-007'), swapped: fires('GMFS-007') },
    mapping_block: { twice: fires('GMFS-017'), zeroed: UNKNOWN, swapped: UNKNOWN },
    guestmemfs_inode: {
      twice: fires('GMFS-014'),
      zeroed: fires('GMFS-007', 'GMFS-010'),
      swapped: UNKNOWN,
    },
  },
};
