/**
 * What guestmemfs has in memory (fs/guestmemfs/{guestmemfs.h,guestmemfs.c,allocator.c}): where the records below
 * /guestmemfs lead, and how large the kernel makes each.
 */
import {
  GUESTMEMFS_INODE_SIZE,
  GUESTMEMFS_SB_SIZE,
  type GuestmemfsInode,
  MAPPING_BLOCK_SIZE,
  readGuestmemfsInode,
} from '../../records/guestmemfs.js';
import type { KhoMem } from '../../records/kho.js';
import { memoryRange } from '../tree-memory.js';

/** Bytes of one allocation block (PMD_SIZE on x86-64). */
export const GUESTMEMFS_BLOCK = 0x200000n;
/** Bytes of the index page, and of a mapping page. */
export const MAPPING_PAGE = 4096;
/** Entries of a mapping page that exist; `num_mappings` may claim more. */
export const MAPPING_ENTRIES = MAPPING_PAGE / MAPPING_BLOCK_SIZE;
/** Bytes of the inode table. */
export const INODE_TABLE_SIZE = Number(GUESTMEMFS_BLOCK);
/** Bytes of the allocation bitmap, one bit a block. */
export const BITMAP_SIZE = 1 << 20;
/** Blocks that the allocator knows (2 TiB), whatever the size of the region. */
export const ALLOCATOR_BLOCKS = 1 << 20;
/** The records of /guestmemfs/superblock, in their order. */
export const SUPERBLOCK_PARTS = [
  { what: 'super block', size: GUESTMEMFS_SB_SIZE },
  { what: 'inode table', size: INODE_TABLE_SIZE },
  { what: 'allocation bitmap', size: BITMAP_SIZE },
] as const;

/** guestmemfs_inode.flags: the inode is a file (bit 0) or the directory (bit 1). */
export const INODE_FILE = 1;
export const INODE_DIR = 2;
/** Number of the root directory's inode; numbers start at 1. */
export const ROOT_INO = 1;
/** Number of the last inode of the table. */
export const LAST_INO = Math.floor(INODE_TABLE_SIZE / GUESTMEMFS_INODE_SIZE);

const ZEROS = readGuestmemfsInode(new DataView(new ArrayBuffer(GUESTMEMFS_INODE_SIZE)), 0);

/**
 * An inode as mkfs leaves it: free, and on the list of free inodes before its successor
 * (fs/guestmemfs/guestmemfs.c).
 *
 * @param ino 1 to {@link LAST_INO}
 */
export function freeInode(ino: number): GuestmemfsInode {
  return { ...ZEROS, siblingIno: ino < LAST_INO ? BigInt(ino + 1) : 0n };
}

/** The data region without its flag bit; undefined when fs_mem is not decoded. */
export function fsMemRange(
  guestmemfs: { readonly fsMem?: KhoMem } | undefined,
): ReturnType<typeof memoryRange> | undefined {
  return guestmemfs?.fsMem === undefined ? undefined : memoryRange(guestmemfs.fsMem);
}

const numbers = new WeakMap<BigUint64Array, Float64Array>();

/** Block numbers as numbers, worked out once: exact where they are blocks of a region, and large where not. */
export function blockNumbers(blocks: BigUint64Array): Float64Array {
  let found = numbers.get(blocks);
  if (found === undefined) {
    found = new Float64Array(blocks.length);
    for (let i = 0; i < blocks.length; i++) found[i] = Number(blocks[i]);
    numbers.set(blocks, found);
  }
  return found;
}
