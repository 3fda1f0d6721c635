/** /guestmemfs of the 2024 series: where its structures in memory are (fs/guestmemfs/serialise.c). */
import { numInodes } from '../../records/guestmemfs.js';
import { khoMem } from '../../records/kho.js';
import { container, type NodeBinding, one, packed, value } from '../tree.js';
import { guestmemfsMemory } from './binding.js';

/** `compatible` of /guestmemfs. */
export const GUESTMEMFS = 'guestmemfs-v1';

export const guestmemfs: NodeBinding = {
  name: { literal: 'guestmemfs' },
  place: { object: 'guestmemfs' },
  compatible: GUESTMEMFS,
  properties: [],
  children: [
    container('fs_mem', [], [one('mem', 'fsMem', khoMem)]),
    container('superblock', [], [packed('mem', 'superblock', khoMem, 3)]),
    container('mappings_blocks', [], [packed('mem', 'mappingsBlocks', khoMem)]),
    container(
      'mappings_to_inode',
      [],
      [one('mem', 'mappingsToInode', khoMem), value('num_inodes', 'numInodes', numInodes)],
    ),
  ],
  memory: guestmemfsMemory,
};
