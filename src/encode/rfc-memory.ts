/**
 * What the 2024 series has in memory beside the tree: the bytes of guestmemfs' structures (rfc-2024 2.3) and
 * of the x86 boot protocol's way to the tree (rfc-2024 1.3), made from records.
 */
import { packRecords } from '../abi/record-view.js';
import type { MemorySegment } from '../memory/segments.js';
import {
  GUESTMEMFS_INODE_SIZE,
  type GuestmemfsInode,
  guestmemfsInode,
  mappingBlock,
  mappingInode,
} from '../records/guestmemfs.js';
import {
  BOOT_PARAMS_SIZE,
  BootParamsBootFlag,
  BootParamsHeader,
  KHO_DATA_RFC2024_SIZE,
  type KhoDataRfc2024,
  readBootParams,
  SETUP_DATA_SIZE,
  SetupDataType,
  writeBootParams,
  writeKhoDataRfc2024,
  writeSetupData,
} from '../records/kho.js';
import { BITMAP_SIZE, freeInode, INODE_TABLE_SIZE } from '../structures/guestmemfs/memory.js';

const PAGE = 4096;

/**
 * An inode table.
 *
 * @param inodes by number, those that differ from what mkfs leaves; numbers outside the table are left out
 * @param size bytes of the table; only whole inodes are written
 */
export function inodeTableBytes(
  inodes: ReadonlyMap<number, GuestmemfsInode>,
  size = INODE_TABLE_SIZE,
): Uint8Array {
  const length = Math.floor(size / GUESTMEMFS_INODE_SIZE);
  const all = Array.from({ length }, (_, i) => inodes.get(i + 1) ?? freeInode(i + 1));
  return packRecords(guestmemfsInode, all).bytes;
}

/** The entries of a mapping page, as many as there are blocks. */
export function mappingBytes(blocks: Iterable<bigint>): Uint8Array {
  return packRecords(
    mappingBlock,
    Array.from(blocks, (block) => ({ block })),
  ).bytes;
}

/** The elements of the mappings_to_inode page. */
export function indexBytes(inos: readonly number[]): Uint8Array {
  return packRecords(
    mappingInode,
    inos.map((ino) => ({ ino })),
  ).bytes;
}

/**
 * An allocation bitmap of 1 MiB.
 *
 * @param blocks the block numbers in use; those that have no bit are left out
 */
export function bitmapBytes(blocks: Iterable<bigint>): Uint8Array {
  const bytes = new Uint8Array(BITMAP_SIZE);
  for (const block of blocks) {
    if (block >= BigInt(BITMAP_SIZE * 8)) continue;
    const bit = Number(block);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return bytes;
}

/** A setup_data element of type 10 with its payload. */
export function khoElementBytes(next: bigint, data: KhoDataRfc2024): Uint8Array {
  const bytes = new Uint8Array(SETUP_DATA_SIZE + KHO_DATA_RFC2024_SIZE);
  const view = new DataView(bytes.buffer);
  writeSetupData(view, 0, { next, type: SetupDataType.kexecKho, len: KHO_DATA_RFC2024_SIZE });
  writeKhoDataRfc2024(view, SETUP_DATA_SIZE, data);
  return bytes;
}

/**
 * A boot_params page with nothing in it but what leads to a list of setup_data.
 *
 * @param setupData physical address of the first element
 */
export function bootParamsBytes(setupData: bigint): Uint8Array {
  const bytes = new Uint8Array(BOOT_PARAMS_SIZE);
  const view = new DataView(bytes.buffer);
  writeBootParams(view, 0, {
    ...readBootParams(view, 0),
    bootFlag: BootParamsBootFlag.bootFlag,
    header: BootParamsHeader.hdrs,
    setupData,
  });
  return bytes;
}

/** Segments of a large structure, its zero pages not stored. `address` is page aligned. */
export function sparseSegments(address: number, bytes: Uint8Array): MemorySegment[] {
  const segments: MemorySegment[] = [];
  let zeroFrom = -1;
  const flush = (end: number): void => {
    if (zeroFrom >= 0) segments.push({ address: address + zeroFrom, zeroLength: end - zeroFrom });
    zeroFrom = -1;
  };
  for (let at = 0; at < bytes.length; at += PAGE) {
    const page = bytes.subarray(at, at + PAGE);
    if (page.every((byte) => byte === 0)) {
      if (zeroFrom < 0) zeroFrom = at;
      continue;
    }
    flush(at);
    segments.push({ address: address + at, bytes: page });
  }
  flush(bytes.length);
  return segments;
}
