/** Rules on the block numbers in mapping pages and the allocation bitmap (rfc-2024 G16 to G20). */

import type { Guestmemfs, Location } from '../../abi/model.js';
import { MAPPING_BLOCK_SIZE, mappingBlock } from '../../records/guestmemfs.js';
import { eachRule, fieldPlace, rulesOf } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { ALLOCATOR_BLOCKS, blockNumbers, fsMemRange, GUESTMEMFS_BLOCK } from './memory.js';
import { bitmapOf } from './rules-bitmap.js';
import {
  BLOCKS_PATH,
  FILES,
  guestmemfsOf,
  mappedFiles,
  regionBlocks,
  SUPERBLOCK_PATH,
  shared,
} from './rules-view.js';

const rule = rulesOf(shared);

/** Where entry `i` of a mapping page is. */
function entryPlace(page: bigint | undefined, i: number): Location {
  const base = (page ?? 0n) + BigInt(i * MAPPING_BLOCK_SIZE);
  return { fdtPath: BLOCKS_PATH, ...fieldPlace(mappingBlock, base, 'block'), field: `mappings[${i}]` };
}

/** `(physical 0x…)`, of a block of the region. */
function blockAddress(guestmemfs: Guestmemfs, block: number): string {
  const start = (fsMemRange(guestmemfs)?.start ?? 0n) + BigInt(block) * GUESTMEMFS_BLOCK;
  return `block ${block} at ${hex(start)}`;
}

export const blocksInRegion = eachRule(FILES, {
  id: 'GMFS-016',
  title: 'every block number of a file is within the region',
  source: 'rfc-2024 G16, 3.3 no. 19',
  evidence: 'fs/guestmemfs/file.c truncate, mmap; fs/guestmemfs/allocator.c guestmemfs_alloc_block',
  consequence: 'mapping the file gives its guest host memory outside guestmemfs',
  requires: ['GMFS-002', 'GMFS-003'],
  faults({ ino, blocks, mappingPage }, { handover: { guestmemfs } }) {
    const limit = regionBlocks(guestmemfs);
    let outside = 0;
    let first = -1;
    const numbers = blockNumbers(blocks);
    for (let i = 0; i < numbers.length; i++) {
      if ((numbers[i] as number) < limit) continue;
      if (first < 0) first = i;
      outside++;
    }
    const block = blocks[first];
    if (block === undefined) return undefined;
    const error = BigInt.asIntN(64, block);
    const what = error < 0n ? `${hex(block)}, the error number ${error}` : `${block}`;
    const more = outside > 1 ? ` (${outside} such entries)` : '';
    return {
      message: `entry ${first} of inode ${ino} is block ${what}; the region has ${counted(limit, 'block')}${more}`,
      location: entryPlace(mappingPage, first),
      found: hex(block),
      expected: `below ${hex(BigInt(limit))}`,
    };
  },
});

export const blocksOnce = rule({
  id: 'GMFS-017',
  title: 'no block is used twice, in one file or in two',
  source: 'rfc-2024 G17, 3.3 no. 19',
  evidence: 'fs/guestmemfs/file.c truncate, mmap',
  consequence: 'guests share memory; entries that a repeated truncate never wrote are all block 0',
  requires: ['GMFS-002', 'GMFS-003'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const limit = regionBlocks(guestmemfs);
    /** Inode that uses each block first, 0 for none. */
    const owner = new Int32Array(limit);
    for (const { ino, blocks, mappingPage } of mappedFiles(guestmemfs, report)) {
      /** By inode that had the block before: the first entry concerned and how many there are. */
      const shared = new Map<number, { entry: number; block: number; count: number }>();
      const numbers = blockNumbers(blocks);
      for (let entry = 0; entry < numbers.length; entry++) {
        const block = numbers[entry] as number;
        if (block >= limit) continue;
        const other = owner[block] as number;
        if (other === 0) {
          owner[block] = ino;
          continue;
        }
        const before = shared.get(other);
        if (before === undefined) shared.set(other, { entry, block, count: 1 });
        else before.count++;
      }
      for (const [other, { entry, block, count }] of shared) {
        report.finding({
          subject: { inode: Number(ino) },
          message: `${counted(count, 'entry', 'entries')} of inode ${ino}, first entry ${entry}, ${count === 1 ? 'is' : 'are'} already ${
            other === ino ? 'used by the file itself' : `used by inode ${other}`
          }: ${blockAddress(guestmemfs, block)}`,
          location: entryPlace(mappingPage, entry),
          found: `${block}`,
        });
      }
    }
  },
});

export const blocksMarked = rule({
  id: 'GMFS-018',
  title: 'every block of a file has its bit in the allocation bitmap',
  source: 'rfc-2024 G18',
  evidence: 'fs/guestmemfs/allocator.c guestmemfs_alloc_block',
  consequence: 'the block is handed out again, to another guest',
  requires: ['GMFS-002', 'GMFS-003'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    const bitmap = bitmapOf(context, report);
    if (guestmemfs === undefined || bitmap === undefined) return;
    const limit = regionBlocks(guestmemfs);
    for (const { ino, blocks } of mappedFiles(guestmemfs, report)) {
      let unmarked = 0;
      let first = -1;
      const numbers = blockNumbers(blocks);
      for (let i = 0; i < numbers.length; i++) {
        const block = numbers[i] as number;
        if (block >= limit) continue;
        const bit = bitmap.bit(block);
        if (bit === undefined) {
          report.absent('the allocation bitmap', bitmap.address + BigInt(block >> 3));
        } else if (bit === 0) {
          if (first < 0) first = block;
          unmarked++;
        }
      }
      if (first < 0) continue;
      report.finding({
        subject: { inode: Number(ino) },
        message: `${counted(unmarked, 'block')} of inode ${ino} ${unmarked === 1 ? 'is' : 'are'} not marked as in use: ${blockAddress(guestmemfs, first)}`,
        location: bitPlace(bitmap.address, first),
        found: '0',
        expected: '1',
      });
    }
  },
});

export const blocksOwned = rule({
  id: 'GMFS-019',
  title: 'every block that is marked as in use belongs to a file',
  severity: 'warning',
  source: 'rfc-2024 G19, 3.3 no. 19',
  evidence: 'fs/guestmemfs/inode.c unlink, fs/guestmemfs/file.c truncate',
  consequence: 'the block is never handed out again; unlink and repeated truncates leak such blocks',
  // Blocks of a file whose list of blocks is lost would seem to have no owner.
  requires: ['GMFS-003', 'GMFS-007', 'GMFS-015'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    const bitmap = bitmapOf(context, report);
    if (guestmemfs === undefined || bitmap === undefined) return;
    const limit = regionBlocks(guestmemfs);
    const used = new Uint8Array(limit);
    const files = mappedFiles(guestmemfs, report);
    // Without every list of blocks, blocks without an owner cannot be found.
    if (files.length < (guestmemfs.files?.length ?? 0)) return;
    for (const { blocks } of files) {
      const numbers = blockNumbers(blocks);
      for (let i = 0; i < numbers.length; i++) {
        const block = numbers[i] as number;
        if (block < limit) used[block] = 1;
      }
    }
    let leaked = 0;
    let first = -1;
    for (let block = bitmap.next(0, limit); block >= 0; block = bitmap.next(block + 1, limit)) {
      if (used[block] === 1) continue;
      if (first < 0) first = block;
      leaked++;
    }
    const gap = bitmap.absentIn(0, limit);
    if (gap !== undefined) report.absent('part of the allocation bitmap', gap);
    if (first < 0) return;
    report.finding({
      message: `${counted(leaked, 'block is', 'blocks are')} marked as in use but not part of any file: ${blockAddress(guestmemfs, first)}`,
      location: bitPlace(bitmap.address, first),
      found: '1',
      expected: '0',
    });
  },
});

export const noStrayBits = rule({
  id: 'GMFS-020',
  title: 'no block beyond the region is marked as in use, and the unused rest of the bitmap is zero',
  source: 'rfc-2024 G20, 3.3 no. 19',
  evidence: 'fs/guestmemfs/allocator.c guestmemfs_alloc_block (does not know the size of the region)',
  consequence: 'memory after the region was given to a file, or the bitmap was overwritten',
  requires: ['GMFS-002', 'GMFS-003'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    const bitmap = bitmapOf(context, report);
    if (guestmemfs === undefined || bitmap === undefined) return;
    const limit = regionBlocks(guestmemfs);
    for (const { from, to, what } of [
      { from: limit, to: ALLOCATOR_BLOCKS, what: `beyond the region's ${counted(limit, 'block')}` },
      { from: ALLOCATOR_BLOCKS, to: bitmap.bits, what: 'after the last one that the allocator uses' },
    ]) {
      let count = 0;
      let first = -1;
      for (let bit = bitmap.next(from, to); bit >= 0; bit = bitmap.next(bit + 1, to)) {
        if (first < 0) first = bit;
        count++;
      }
      if (first >= 0) {
        report.finding({
          message: `${counted(count, 'bit')} of the allocation bitmap ${count === 1 ? 'is' : 'are'} set ${what}: first bit ${first}`,
          location: bitPlace(bitmap.address, first),
          found: '1',
          expected: '0',
        });
      }
      const gap = bitmap.absentIn(from, to);
      // Dumps of the series leave out pages of zeros that nothing refers to, as most of a bitmap is.
      if (gap !== undefined)
        report.skip(`part of the allocation bitmap at 0x${gap.toString(16)} is not in the dump`, 'not-given');
    }
  },
});

function bitPlace(bitmap: bigint, bit: number): Location {
  return {
    fdtPath: SUPERBLOCK_PATH,
    field: 'guestmemfs_sb.allocator_bitmap',
    address: bitmap + BigInt(bit >> 3),
    bits: `${bit & 7}`,
  };
}
