/** guestmemfs in memory: what the records below /guestmemfs lead to (fs/guestmemfs/serialise.c). */
import {
  GUESTMEMFS_INODE,
  GUESTMEMFS_SB_SIZE,
  guestmemfsInode,
  guestmemfsSb,
  mappingBlock,
  mappingInode,
} from '../../records/guestmemfs.js';
import { type RecordBinding, value } from '../structure.js';
import type { TreeMemory } from '../tree-memory.js';
import { unsaid } from './fresh.js';
import { BITMAP_SIZE, GUESTMEMFS_BLOCK, INODE_FILE, INODE_TABLE_SIZE, MAPPING_PAGE } from './memory.js';

function inode(what: string, name: string): RecordBinding {
  return {
    record: guestmemfsInode,
    what,
    naming: 'filename',
    fields: { filename: value(name) },
    hidden: ['padding4', 'padding279'],
    order: [
      ...['filename', 'flags', 'siblingIno', 'childIno', 'mappings', 'padding4', 'padding279'],
      ...['numMappings', 'longTermPins'],
    ],
  };
}

export const guestmemfsMemory: TreeMemory = {
  part: 'guestmemfs',
  what: 'the inode table and the mapping pages',
  state: 'state',
  parts: [
    {
      kind: 'record',
      what: 'super block',
      from: 'superblock',
      nth: 0,
      size: GUESTMEMFS_SB_SIZE,
      record: guestmemfsSb,
      key: 'superblock',
      json: 'superblockRecord',
      pointers: { inodes: 1, allocatorBitmap: 2 },
    },
    {
      kind: 'table',
      what: 'inode table',
      from: 'superblock',
      nth: 1,
      size: INODE_TABLE_SIZE,
      record: guestmemfsInode,
      key: 'inodes',
      number: 'ino',
      used: {
        key: 'files',
        element: inode('file', 'name'),
        named: 'file',
        compared: [
          { name: 'ino', path: ['ino'], unit: 'id' },
          { name: 'num_mappings', path: ['numMappings'], unit: 'count' },
          { name: 'size', path: ['blocks'], unit: 'size', each: GUESTMEMFS_BLOCK },
          { name: 'long_term_pins', path: ['longTermPins'], unit: 'count' },
          { name: 'mappings', path: ['mappingPage'], only: 'strict', unknown: true },
          { name: 'extents', path: ['extents'], only: 'strict', unknown: 'blocks' },
        ],
      },
      others: { key: 'inodes', element: inode('inode', 'filename') },
      samples: (files) => [
        { number: 1, what: 'the directory, inode 1', list: 'directory' },
        { number: files + 2, what: `inode ${files + 2}`, list: 'free inodes' },
      ],
      isUsed: (table, at) => (table.getInt32(at + GUESTMEMFS_INODE.flags, true) & INODE_FILE) !== 0,
      page: {
        what: 'mapping page',
        from: 'mappingsBlocks',
        key: 'mappingPage',
        list: 'blocks',
        record: mappingBlock,
        count: 'numMappings',
        size: MAPPING_PAGE,
      },
    },
    {
      kind: 'numbers',
      what: 'mappings_to_inode page',
      from: 'mappingsToInode',
      size: MAPPING_PAGE,
      record: mappingInode,
      key: 'index',
    },
    {
      kind: 'bits',
      what: 'allocation bitmap',
      called: "the allocator's bitmap",
      from: 'superblock',
      nth: 2,
      size: BITMAP_SIZE,
    },
  ],
  region: { from: 'fsMem', what: 'the region', block: GUESTMEMFS_BLOCK },
  unsaid,
};
