/**
 * The contents of memory that belong to `/guestmemfs`: super block, inode table, mapping pages and the page that
 * says which inode each mapping page belongs to (fs/guestmemfs/{guestmemfs.h,serialise.c}).
 */
import type { Missing } from '../abi/missing.js';
import type { AddressRange, Diagnostic, Guestmemfs, GuestmemfsFile, GuestmemfsState } from '../abi/model.js';
import { type RecordView, recordView } from '../abi/record-view.js';
import { LITTLE_ENDIAN_HOST } from '../memory/host-order.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import {
  GUESTMEMFS_INODE,
  GUESTMEMFS_INODE_SIZE,
  GUESTMEMFS_SB_SIZE,
  type GuestmemfsInode,
  guestmemfsInode,
  guestmemfsSb,
  MAPPING_BLOCK_SIZE,
  mappingInode,
  readGuestmemfsSb,
} from '../records/guestmemfs.js';
import type { KhoMem } from '../records/kho.js';
import type { RecordType } from '../schema/record.js';
import {
  GUESTMEMFS_BLOCK,
  INODE_FILE,
  INODE_TABLE_SIZE,
  MAPPING_ENTRIES,
  MAPPING_PAGE,
} from '../structures/guestmemfs/memory.js';
import { dataView } from './bytes.js';
import { KHO_MEM_NOINIT } from './mem-properties.js';
import type { Reporter } from './upstream/report.js';
import { clearUnlike, restOfPage } from './upstream/reused.js';

/** The data region without its flag bit; undefined when fs_mem is not decoded. */
export function fsMemRange(guestmemfs: Guestmemfs | undefined): AddressRange | undefined {
  const fsMem = guestmemfs?.fsMem;
  if (fsMem === undefined) return undefined;
  const start = fsMem.addr & ~KHO_MEM_NOINIT;
  return { start, end: start + fsMem.len };
}

/**
 * Reads what the blob's records point to. Each part whose bytes are absent is left out and reported
 * once; sizes follow the records, bounded by what the kernel allocates for them (2 MiB of inodes, one
 * page of mappings), so a damaged length allocates nothing.
 */
export function readGuestmemfs(
  guestmemfs: Guestmemfs,
  memory: PhysicalMemory,
  diagnostics: Diagnostic[],
  missing: Missing[] = [],
  reporter: Pick<Reporter, 'reused'> = { reused() {} },
): void {
  const state: GuestmemfsState = {};
  const absent = (what: string, address: bigint): void => {
    missing.push({ part: 'guestmemfs', what, address });
    diagnostics.push({
      code: 'memory-absent',
      message: `the ${what} at 0x${address.toString(16)} is not in ${memory.description}`,
      location: { fdtPath: '/guestmemfs', address },
    });
  };
  const take = (
    what: string,
    record: KhoMem | undefined,
    limit: number,
    of: RecordType<unknown>,
  ): Uint8Array | undefined => {
    if (record === undefined) return undefined;
    const length = record.len < BigInt(limit) ? Number(record.len) : limit;
    const bytes = readBytes(memory, record.addr, length);
    if (bytes === undefined) absent(what, record.addr);
    else {
      const at = Number(record.addr);
      const around = restOfPage({ memory, pageSize: MAPPING_PAGE }, at + length);
      clearUnlike(reporter, of, { bytes, at }, 0, length, what, around);
    }
    return bytes;
  };
  const [superblock, inodes] = guestmemfs.superblock ?? [];
  const superblockBytes = take('super block', superblock, GUESTMEMFS_SB_SIZE, guestmemfsSb);
  if (superblockBytes?.length === GUESTMEMFS_SB_SIZE)
    state.superblock = readGuestmemfsSb(dataView(superblockBytes), 0);
  const inodeBytes = take('inode table', inodes, INODE_TABLE_SIZE, guestmemfsInode);
  if (inodeBytes !== undefined) state.inodes = recordView(guestmemfsInode, inodeBytes);
  const indexBytes = take('mappings_to_inode page', guestmemfs.mappingsToInode, MAPPING_PAGE, mappingInode);
  if (indexBytes !== undefined) state.index = recordView(mappingInode, indexBytes);
  guestmemfs.state = state;
  if (state.inodes !== undefined) {
    guestmemfs.files = files(guestmemfs, state.inodes, inodes?.addr ?? 0n, memory, absent);
  }
}

/** Index of the record of `mappings_blocks` that belongs to inode `ino`: the first that names it. */
function mappingIndex(guestmemfs: Guestmemfs): ReadonlyMap<number, number> {
  const index = new Map<number, number>();
  const records = guestmemfs.mappingsBlocks?.length ?? 0;
  const inos = guestmemfs.state?.index;
  for (let i = 0; inos !== undefined && i < Math.min(records, inos.length); i++) {
    const { ino } = inos.at(i);
    if (!index.has(ino)) index.set(ino, i);
  }
  return index;
}

function files(
  guestmemfs: Guestmemfs,
  inodes: RecordView<GuestmemfsInode>,
  tableAddress: bigint,
  memory: PhysicalMemory,
  absent: (what: string, address: bigint) => void,
): GuestmemfsFile[] {
  const result: GuestmemfsFile[] = [];
  const index = mappingIndex(guestmemfs);
  const region = fsMemRange(guestmemfs);
  const view = dataView(inodes.bytes);
  for (let i = 0; i < inodes.length; i++) {
    // Most of thousands are free: no record is made of those.
    const flags = view.getInt32(i * GUESTMEMFS_INODE_SIZE + GUESTMEMFS_INODE.flags, true);
    if ((flags & INODE_FILE) === 0) continue;
    const inode = inodes.at(i);
    const ino = i + 1;
    const record = index.get(ino);
    const mapping = record === undefined ? undefined : guestmemfs.mappingsBlocks?.at(record);
    let blocks: BigUint64Array | undefined;
    // An object a block where they are apart, which few commands ask for.
    let made: AddressRange[] | undefined;
    if (mapping !== undefined) {
      blocks = readBlocks(memory, mapping.addr, inode.numMappings);
      if (blocks === undefined) absent(`mapping page of inode ${ino}`, mapping.addr);
    }
    result.push({
      name: inode.filename,
      ino,
      numMappings: inode.numMappings,
      longTermPins: inode.longTermPins,
      ...(mapping === undefined ? {} : { mappingPage: mapping.addr }),
      ...(blocks === undefined ? {} : { blocks }),
      get extents() {
        made ??= blocks === undefined || region === undefined ? [] : extents(blocks, region);
        return made;
      },
      origin: { address: tableAddress + BigInt(i * GUESTMEMFS_INODE_SIZE) },
    });
  }
  return result;
}

function readBlocks(
  memory: PhysicalMemory,
  address: bigint,
  numMappings: number,
): BigUint64Array | undefined {
  const count = Math.max(0, Math.min(numMappings, MAPPING_ENTRIES));
  const bytes = readBytes(memory, address, count * MAPPING_BLOCK_SIZE);
  if (bytes === undefined) return undefined;
  if (LITTLE_ENDIAN_HOST) return new BigUint64Array(bytes.buffer, 0, count);
  const view = dataView(bytes);
  return BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(i * MAPPING_BLOCK_SIZE, true));
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

/** Physical ranges of the blocks in file order, adjacent ones merged. Blocks beyond the region are left out: they are not an extent of the file, and a rule reports them. */
function extents(blocks: BigUint64Array, region: AddressRange): AddressRange[] {
  const result: { start: bigint; end: bigint }[] = [];
  const limit = (region.end - region.start) / GUESTMEMFS_BLOCK;
  for (const block of blocks) {
    if (block >= limit) continue;
    const start = region.start + block * GUESTMEMFS_BLOCK;
    const last = result.at(-1);
    if (last !== undefined && last.end === start) last.end = start + GUESTMEMFS_BLOCK;
    else result.push({ start, end: start + GUESTMEMFS_BLOCK });
  }
  return result;
}
