/** Single faults of guestmemfs' structures, each with all rules of guestmemfs that say so. */
import { GUESTMEMFS_SB } from '../../src/records/guestmemfs.js';
import { buildDump, LAYOUT } from '../rfc/build-dump.js';
import { both, type Damage, le, poke, removeNode, setInode, setKey, setProperty } from '../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';

export const DUMP = buildDump(SAMPLE_PLAN);
/** Files of the sample: 2 (blocks 0-2), 3 (block 3), 4 (blocks 4-5); inode 5 is the first free one. */
export const [FILE2, FILE3] = DUMP.files;

export function sb(field: keyof typeof GUESTMEMFS_SB, value: bigint | number, size: number): Damage {
  return poke(LAYOUT.superblock + GUESTMEMFS_SB[field], le(value, size));
}

export function entry(page: number | undefined, i: number, block: bigint): Damage {
  return poke((page ?? 0) + i * 8, le(block, 8));
}

export function index(j: number, ino: number): Damage {
  return poke(LAYOUT.index + j * 4, le(ino, 4));
}

/** One bit of the bitmap, the rest of its byte as it was: blocks 0 to 5 are in use. */
export function bit(number: number, value: 0 | 1): Damage {
  const before = number < 8 ? 0b111111 : 0;
  const mask = 1 << (number & 7);
  return poke(LAYOUT.bitmap + (number >> 3), [value === 1 ? before | mask : before & ~mask]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);

/** What is damaged, how, and which rules say so; whatever else follows from it stays silent. */
export const GMFS_CASES: readonly (readonly [what: string, damage: Damage, expected: readonly string[]])[] = [
  ['another compatible', setProperty('/guestmemfs', 'compatible', text('guestmemfs-v2')), ['GMFS-001 error']],
  ['no compatible', setProperty('/guestmemfs', 'compatible'), ['GMFS-001 error']],
  ['two super block records', setKey('guestmemfs.superblock.2', undefined), ['GMFS-002 error']],
  ['no super block', removeNode('/guestmemfs/superblock'), ['GMFS-002 error']],
  [
    'a ragged super block property',
    setProperty('/guestmemfs/superblock', 'mem', new Uint8Array(47)),
    ['GMFS-002 error'],
  ],
  ['a short super block', setKey('guestmemfs.superblock.0.len', '0x20'), ['GMFS-002 error']],
  ['a long super block', setKey('guestmemfs.superblock.0.len', '0x2c'), ['GMFS-002 warning']],
  ['a short inode table', setKey('guestmemfs.superblock.1.len', '0x1ff000'), ['GMFS-002 error']],
  ['a short bitmap', setKey('guestmemfs.superblock.2.len', '0x80000'), ['GMFS-002 error']],
  ['a long bitmap', setKey('guestmemfs.superblock.2.len', '0x101000'), ['GMFS-002 warning']],
  ['no flag on the region', setKey('guestmemfs.fsMem.addr', '0x100000000'), ['GMFS-003 error']],
  ['a region at 0', setKey('guestmemfs.fsMem.addr', '0x1'), ['GMFS-003 error']],
  ['a region inside a page', setKey('guestmemfs.fsMem.addr', '0x100000801'), ['GMFS-003 error']],
  ['a region less than a block', setKey('guestmemfs.fsMem.len', '0x1ff000'), ['GMFS-003 error']],
  ['a region of odd length', setKey('guestmemfs.fsMem.len', '0x1400800'), ['GMFS-003 error']],
  ['no fs_mem', removeNode('/guestmemfs/fs_mem'), ['GMFS-003 error']],
  ['two records in fs_mem', setProperty('/guestmemfs/fs_mem', 'mem', new Uint8Array(32)), ['GMFS-003 error']],
  ['no mappings_blocks', removeNode('/guestmemfs/mappings_blocks'), ['GMFS-004 error']],
  ['no mappings_to_inode', removeNode('/guestmemfs/mappings_to_inode'), ['GMFS-004 error']],
  [
    'no index record',
    setProperty('/guestmemfs/mappings_to_inode', 'mem', new Uint8Array(0)),
    ['GMFS-004 error'],
  ],
  ['one inode too many', setKey('guestmemfs.numInodes', '0x4'), ['GMFS-005 error']],
  ['one inode too few', setKey('guestmemfs.numInodes', '0x2'), ['GMFS-005 error']],
  ['no num_inodes', setProperty('/guestmemfs/mappings_to_inode', 'num_inodes'), ['GMFS-005 error']],
  [
    'a short num_inodes',
    setProperty('/guestmemfs/mappings_to_inode', 'num_inodes', new Uint8Array(4)),
    ['GMFS-005 error'],
  ],
  [
    'more inodes than the index holds',
    setKey('guestmemfs.numInodes', '0x401'),
    ['GMFS-005 error', 'GMFS-006 error'],
  ],
  [
    'an index out of order',
    both(
      index(0, 3),
      index(1, 2),
      setKey('guestmemfs.mappingsBlocks.0.addr', '0x20003000'),
      setKey('guestmemfs.mappingsBlocks.1.addr', '0x20002000'),
    ),
    ['GMFS-007 warning'],
  ],
  ['an index that names an inode twice', index(1, 2), ['GMFS-007 error']],
  ['an index that names the root', index(0, 1), ['GMFS-007 error']],
  ['an index that names inode 0', index(0, 0), ['GMFS-007 error']],
  ['an index that names a negative inode', index(0, -16), ['GMFS-007 error']],
  ['an index that names inode 7084', index(2, 7084), ['GMFS-007 error']],
  ['an index that names a free inode', index(2, 9), ['GMFS-007 error']],
  ['something after the index', index(3, 9), ['GMFS-007 warning']],
  ['a short mapping record', setKey('guestmemfs.mappingsBlocks.1.len', '0x800'), ['GMFS-008 error']],
  [
    'two mapping records of one page',
    setKey('guestmemfs.mappingsBlocks.1.addr', '0x20002000'),
    ['GMFS-008 error', 'GMFS-009 warning', 'GMFS-017 error', 'GMFS-019 warning'],
  ],
  ['an index of two pages', setKey('guestmemfs.mappingsToInode.len', '0x2000'), ['GMFS-008 error']],
  [
    'a mapping pointer of another direct map',
    setInode(3, 'mappings', 0xff11000020003000n),
    ['GMFS-009 warning'],
  ],
  [
    'a super block of another direct map',
    both(sb('inodes', 0xff11000021000000n, 8), sb('allocatorBitmap', 0xff11000021200000n, 8)),
    ['GMFS-009 warning'],
  ],
  ['a root that is a file', setInode(1, 'flags', 1), ['GMFS-010 error']],
  ['a second directory', setInode(9, 'flags', 2), ['GMFS-010 error']],
  ['unknown flags', setInode(2, 'flags', 5), ['GMFS-010 error']],
  [
    'an unlisted file',
    setInode(5, 'flags', 1),
    ['GMFS-007 error', 'GMFS-011 error', 'GMFS-012 error', 'GMFS-013 warning', 'GMFS-014 error'],
  ],
  ['a cycle of files', setInode(2, 'siblingIno', 4), ['GMFS-011 error']],
  ['a file that is its own sibling', setInode(3, 'siblingIno', 3), ['GMFS-011 error']],
  ['a list of files beyond the table', setInode(2, 'siblingIno', 7085), ['GMFS-011 error']],
  ['a list of files that ends early', setInode(4, 'siblingIno', 0), ['GMFS-011 error']],
  ['a list of files that runs into free inodes', setInode(2, 'siblingIno', 5), ['GMFS-011 error']],
  ['a root without files', setInode(1, 'childIno', 0), ['GMFS-011 error']],
  ['a cycle of free inodes', setInode(7084, 'siblingIno', 5), ['GMFS-012 error']],
  ['a free list that starts at a file', sb('nextFreeIno', 2, 8), ['GMFS-012 error']],
  ['a free list that starts at the root', sb('nextFreeIno', 1, 8), ['GMFS-012 error']],
  ['a free list that starts beyond the table', sb('nextFreeIno', 7085, 8), ['GMFS-012 error']],
  ['a free list that misses inodes', setInode(6, 'siblingIno', 9), ['GMFS-012 warning']],
  ['an empty free list', sb('nextFreeIno', 0, 8), ['GMFS-012 warning']],
  ['a wrong count of files', sb('allocatedInodes', 4, 8), ['GMFS-013 warning']],
  ['an empty name', setInode(2, 'filename', Uint8Array.of(0)), ['GMFS-014 error']],
  ['a name without end', setInode(2, 'filename', new Uint8Array(255).fill(0x61)), ['GMFS-014 error']],
  ['a name with a slash', setInode(2, 'filename', text('a/b')), ['GMFS-014 error']],
  [
    'two equal names',
    both(setInode(2, 'filename', text('a')), setInode(4, 'filename', text('a'))),
    ['GMFS-014 error'],
  ],
  ['a negative number of mappings', setInode(3, 'numMappings', -1), ['GMFS-015 error']],
  ['more mappings than a page holds', setInode(3, 'numMappings', 513), ['GMFS-015 error', 'GMFS-017 error']],
  ['a block beyond the region', entry(FILE2?.mappingPage, 1, 10n), ['GMFS-016 error', 'GMFS-019 warning']],
  [
    'an error number as a block',
    entry(FILE2?.mappingPage, 2, 0xfffffffffffffff4n),
    ['GMFS-016 error', 'GMFS-019 warning'],
  ],
  ['a block used twice in a file', entry(FILE2?.mappingPage, 1, 0n), ['GMFS-017 error', 'GMFS-019 warning']],
  ['a block used by two files', entry(FILE3?.mappingPage, 0, 4n), ['GMFS-017 error', 'GMFS-019 warning']],
  ['unwritten entries', setInode(3, 'numMappings', 4), ['GMFS-017 error']],
  ['a block that is not marked', bit(3, 0), ['GMFS-018 error']],
  ['an unused block', bit(7, 1), ['GMFS-019 warning']],
  ['a block beyond the region marked', bit(10, 1), ['GMFS-020 error']],
  ['a bit in the unused rest', bit(1 << 20, 1), ['GMFS-020 error']],
  ['negative pins', setInode(2, 'longTermPins', -1), ['GMFS-021 error']],
  ['pins on a free inode', setInode(9, 'longTermPins', 1), ['GMFS-021 error']],
  ['pins on the root', setInode(1, 'longTermPins', 1), ['GMFS-021 error']],
  ['a dump that was aborted', sb('serialised', 0, 1), ['GMFS-022 warning']],
  ['a flag that is neither', sb('serialised', 2, 1), ['GMFS-022 warning']],
  ['a lock that is held', sb('allocationLock', 1, 4), ['GMFS-022 warning']],
  [
    'a base that is not a multiple of 2 MiB',
    setKey('guestmemfs.fsMem.addr', '0x100001001'),
    ['GMFS-023 warning'],
  ],
  ['a child list with an error number', setInode(1, 'childIno', -16n), ['GMFS-024 error']],
  ['a sibling with an error number', setInode(4, 'siblingIno', -1n), ['GMFS-024 error']],
];
