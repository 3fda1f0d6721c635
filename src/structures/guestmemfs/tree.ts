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
  part: 'guestmemfs',
  compared: [
    { name: 'fs_mem', path: ['fsMem', 'len'], unit: 'size' },
    { name: 'superblock', path: ['superblock'], only: 'presence' },
    { name: 'mappings_blocks', path: ['mappingsBlocks'], unit: 'count' },
    { name: 'mappings_to_inode', path: ['mappingsToInode'], only: 'presence' },
    { name: 'num_inodes', path: ['numInodes'], unit: 'count' },
    { name: 'files', path: ['files'], only: 'summary' },
    { name: 'fs_mem.addr', path: ['fsMem', 'addr'], only: 'strict' },
    { name: 'superblock.mem', path: ['superblock'], only: 'strict' },
    { name: 'mappings_blocks.mem', path: ['mappingsBlocks'], only: 'strict' },
    { name: 'mappings_to_inode.addr', path: ['mappingsToInode', 'addr'], only: 'strict' },
  ],
};
