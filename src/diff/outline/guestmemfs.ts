/** guestmemfs: its region as a size, its files by name. */

import type { Guestmemfs, GuestmemfsFile } from '../../abi/model.js';
import type { Place } from '../../references/place.js';
import { GUESTMEMFS_BLOCK } from '../../structures/guestmemfs/memory.js';
import { packedAddresses } from '../bytes.js';
import { type Entity, field, presence, strictField, summaryField } from '../entity.js';
import { nameKey, nameOf } from './names.js';

const PLACE: Place = { part: 'guestmemfs' };

/** The file system: files need the memory of the blob, and are a gap without it. */
export function guestmemfsEntity(guestmemfs: Guestmemfs): Entity {
  const { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes, files } = guestmemfs;
  return {
    place: PLACE,
    key: 'guestmemfs',
    fields: [
      field('fs_mem', fsMem?.len, 'size'),
      presence('superblock', superblock),
      field('mappings_blocks', mappingsBlocks?.length, 'count'),
      presence('mappings_to_inode', mappingsToInode),
      field('num_inodes', numInodes, 'count'),
      summaryField('files', files?.length),
      strictField('fs_mem.addr', fsMem?.addr),
      strictField('superblock.mem', superblock?.bytes),
      strictField('mappings_blocks.mem', mappingsBlocks?.bytes),
      strictField('mappings_to_inode.addr', mappingsToInode?.addr),
    ],
    lists: [
      files === undefined
        ? { name: 'files', place: PLACE }
        : { name: 'files', place: PLACE, entities: files.map(fileEntity) },
    ],
  };
}

function fileEntity({
  name: stored,
  ino,
  numMappings,
  longTermPins,
  blocks,
  mappingPage,
  extents,
}: GuestmemfsFile): Entity {
  const file = nameOf(stored);
  return {
    place: { ...PLACE, file },
    key: nameKey(file),
    fields: [
      field('ino', ino, 'id'),
      field('num_mappings', numMappings, 'count'),
      field('size', blocks === undefined ? null : BigInt(blocks.length) * GUESTMEMFS_BLOCK, 'size'),
      field('long_term_pins', longTermPins, 'count'),
      strictField('mappings', mappingPage),
      strictField('extents', packedAddresses(extents.flatMap(({ start, end }) => [start, end]))),
    ],
  };
}
