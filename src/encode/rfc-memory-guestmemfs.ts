/** guestmemfs' structures at the addresses that the tree names (rfc-2024 2.3). */

import type { Guestmemfs } from '../abi/model.js';
import { packRecords } from '../abi/record-view.js';
import type { PhysicalMemory } from '../memory/physical.js';
import {
  GUESTMEMFS_SB_SIZE,
  type GuestmemfsInode,
  GuestmemfsSbSerialised,
  guestmemfsSb,
} from '../records/guestmemfs.js';
import type { KhoMem } from '../records/kho.js';
import { BITMAP_SIZE, fsMemRange, INODE_TABLE_SIZE, LAST_INO } from '../structures/guestmemfs/memory.js';
import { bitmapBytes, indexBytes, inodeTableBytes, mappingBytes, sparseSegments } from './rfc-memory.js';
import { type GuestmemfsContents, guestmemfsContents } from './rfc-memory-json.js';
import { type Placement, put } from './rfc-memory-place.js';

const PAGE = 4096;
/** Where x86-64 maps all memory when its base is not randomised; used where the document says no pointers. */
const DIRECT_MAP = 0xffff888000000000n;

/**
 * Places super block, inode table, mapping pages, index page and bitmap.
 *
 * @param guestmemfs as the encoded tree decodes to: its records say the addresses
 * @param json `guestmemfs` of the document
 * @throws ModelError when the document has not the form of a model
 */
export function placeGuestmemfs(
  placement: Placement,
  guestmemfs: Guestmemfs,
  json: unknown,
  memory: PhysicalMemory | undefined,
): void {
  const contents = guestmemfsContents(json, fsMemRange(guestmemfs)?.start);
  if (contents === undefined) {
    if (memory === undefined)
      placement.messages.push('guestmemfs.files is missing: its structures in memory are left out');
    return;
  }
  const [superblock, table, bitmap] = guestmemfs.superblock ?? [];
  const base = directMap(contents, table);
  const index = contents.index ?? (contents.fresh ? contents.files.map(({ ino }) => ino) : undefined);
  const pages = mappingPages(guestmemfs, index);
  if (superblock !== undefined) placeSuperblock(placement, contents, base, superblock, [table, bitmap]);
  if (table !== undefined) placeInodes(placement, contents, base, table, pages);
  for (const { ino, blocks } of contents.files) {
    const page = pages.get(ino);
    if (page === undefined || blocks === undefined) {
      if (memory === undefined)
        placement.messages.push(`the mapping page of inode ${ino} is left out: the model does not have it`);
      continue;
    }
    const what = `the mapping page of inode ${ino}`;
    put(placement, 'typed', what, page, [{ address: 0, bytes: mappingBytes(blocks) }]);
    put(placement, 'filler', what, page, [{ address: 0, zeroLength: PAGE }]);
  }
  const { mappingsToInode } = guestmemfs;
  if (mappingsToInode !== undefined && index !== undefined) {
    const bytes = new Uint8Array(PAGE);
    bytes.set(indexBytes(index).subarray(0, PAGE));
    put(placement, 'typed', 'the mappings_to_inode page', mappingsToInode.addr, [{ address: 0, bytes }]);
  }
  // With a memory the bitmap is the memory's: what it does not hold is not known to be zero.
  if (bitmap !== undefined && memory === undefined) {
    const used = contents.files.flatMap(({ blocks }) => blocks ?? []);
    const size = bitmap.len < BITMAP_SIZE ? Number(bitmap.len) : BITMAP_SIZE;
    const segments = sparseSegments(0, bitmapBytes(used).subarray(0, size));
    put(placement, 'filler', 'the allocation bitmap', bitmap.addr, segments);
    placement.messages.push(
      "the allocation bitmap is made from the files' blocks: the model does not hold it",
    );
  }
}

/** The address of the direct map that the super block's pointers tell. */
function directMap({ superblock }: GuestmemfsContents, table: KhoMem | undefined): bigint {
  if (superblock === undefined || table === undefined) return DIRECT_MAP;
  return BigInt.asUintN(64, superblock.inodes - table.addr);
}

/** By inode: the mapping page, the first where several records name the inode. */
function mappingPages(
  { mappingsBlocks }: Guestmemfs,
  index: readonly number[] | undefined,
): ReadonlyMap<number, bigint> {
  const pages = new Map<number, bigint>();
  let j = 0;
  for (const { addr } of mappingsBlocks ?? []) {
    const ino = index?.[j++];
    if (ino !== undefined && !pages.has(ino)) pages.set(ino, addr);
  }
  return pages;
}

function placeSuperblock(
  placement: Placement,
  contents: GuestmemfsContents,
  base: bigint,
  record: KhoMem,
  [table, bitmap]: readonly (KhoMem | undefined)[],
): void {
  const sb =
    contents.superblock ?? (contents.fresh ? freshSuperblock(contents, base, table, bitmap) : undefined);
  if (sb === undefined || record.len < GUESTMEMFS_SB_SIZE) {
    placement.messages.push(
      'the super block is left out: the model does not have it, or its record is too short',
    );
    return;
  }
  put(placement, 'typed', 'the super block', record.addr, [
    { address: 0, bytes: packRecords(guestmemfsSb, [sb]).bytes },
  ]);
}

function freshSuperblock(
  { files, inodes }: GuestmemfsContents,
  base: bigint,
  table: KhoMem | undefined,
  bitmap: KhoMem | undefined,
) {
  const used = new Set([
    ...files.map(({ ino }) => ino),
    ...[...inodes].flatMap(([ino, { flags }]) => (flags === 0 ? [] : [ino])),
  ]);
  let free = 1;
  while (used.has(free)) free++;
  return {
    nextFreeIno: free > LAST_INO ? 0n : BigInt(free),
    allocatedInodes: BigInt(files.length),
    inodes: BigInt.asUintN(64, base + (table?.addr ?? 0n)),
    allocatorBitmap: BigInt.asUintN(64, base + (bitmap?.addr ?? 0n)),
    allocationLock: 0,
    serialised: GuestmemfsSbSerialised.serialised,
    padding: new Uint8Array(3),
  };
}

function placeInodes(
  placement: Placement,
  { files, inodes }: GuestmemfsContents,
  base: bigint,
  record: KhoMem,
  pages: ReadonlyMap<number, bigint>,
): void {
  const all = new Map<number, GuestmemfsInode>(inodes);
  for (const { ino, inode, mappingsGiven } of files) {
    const page = pages.get(ino);
    const mappings = page === undefined ? 0n : BigInt.asUintN(64, base + page);
    all.set(ino, mappingsGiven ? inode : { ...inode, mappings });
  }
  const size = record.len < INODE_TABLE_SIZE ? Number(record.len) : INODE_TABLE_SIZE;
  const bytes = inodeTableBytes(all, size);
  put(placement, 'typed', 'the inode table', record.addr, [{ address: 0, bytes }]);
  put(placement, 'filler', 'the inode table', record.addr, [
    { address: bytes.length, zeroLength: size - bytes.length },
  ]);
}
