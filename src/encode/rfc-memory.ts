/**
 * What the 2024 series has in memory beside the tree: the bytes of guestmemfs' structures (rfc-2024 2.3) and
 * of the x86 boot protocol's way to the tree (rfc-2024 1.3), made from records.
 */
import { GUESTMEMFS_BLOCK } from '../decode/guestmemfs.js';
import type { MemorySegment } from '../memory/segments.js';
import {
  GUESTMEMFS_INODE,
  GUESTMEMFS_INODE_SIZE,
  GUESTMEMFS_SB_SIZE,
  type GuestmemfsInode,
  type GuestmemfsSb,
  MAPPING_BLOCK_SIZE,
  MAPPING_INODE_SIZE,
  writeGuestmemfsInode,
  writeGuestmemfsSb,
  writeMappingBlock,
  writeMappingInode,
} from '../records/guestmemfs.js';
import {
  BOOT_PARAMS,
  BOOT_PARAMS_SIZE,
  BootParamsBootFlag,
  BootParamsHeader,
  KHO_DATA_RFC2024_SIZE,
  type KhoDataRfc2024,
  SETUP_DATA_SIZE,
  SetupDataType,
  writeBootParams,
  writeKhoDataRfc2024,
  writeSetupData,
} from '../records/kho.js';

/** Bytes of the inode table. */
export const INODE_TABLE_SIZE = Number(GUESTMEMFS_BLOCK);
/** Bytes of the allocation bitmap. */
export const BITMAP_SIZE = 1 << 20;
/** Number of the last inode. */
export const LAST_INO = Math.floor(INODE_TABLE_SIZE / GUESTMEMFS_INODE_SIZE);

const PAGE = 4096;
const FILENAME_SIZE = GUESTMEMFS_INODE.padding279 - GUESTMEMFS_INODE.filename;

/**
 * An inode as mkfs leaves it: free, and on the list of free inodes before its successor
 * (fs/guestmemfs/guestmemfs.c).
 *
 * @param ino 1 to {@link LAST_INO}
 */
export function freeInode(ino: number): GuestmemfsInode {
  return {
    flags: 0,
    padding4: new Uint8Array(4),
    siblingIno: ino < LAST_INO ? BigInt(ino + 1) : 0n,
    childIno: 0n,
    filename: new Uint8Array(FILENAME_SIZE),
    padding279: new Uint8Array(1),
    mappings: 0n,
    numMappings: 0,
    longTermPins: 0,
  };
}

/** The 40 bytes of the super block. */
export function superblockBytes(sb: GuestmemfsSb): Uint8Array {
  const bytes = new Uint8Array(GUESTMEMFS_SB_SIZE);
  writeGuestmemfsSb(new DataView(bytes.buffer), 0, sb);
  return bytes;
}

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
  const count = Math.floor(size / GUESTMEMFS_INODE_SIZE);
  const bytes = new Uint8Array(count * GUESTMEMFS_INODE_SIZE);
  const view = new DataView(bytes.buffer);
  for (let ino = 1; ino <= count; ino++) {
    writeGuestmemfsInode(view, (ino - 1) * GUESTMEMFS_INODE_SIZE, inodes.get(ino) ?? freeInode(ino));
  }
  return bytes;
}

/** The entries of a mapping page, as many as there are blocks. */
export function mappingBytes(blocks: Iterable<bigint>): Uint8Array {
  const entries = [...blocks];
  const bytes = new Uint8Array(entries.length * MAPPING_BLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  entries.forEach((block, i) => {
    writeMappingBlock(view, i * MAPPING_BLOCK_SIZE, { block });
  });
  return bytes;
}

/** The elements of the mappings_to_inode page. */
export function indexBytes(inos: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(inos.length * MAPPING_INODE_SIZE);
  const view = new DataView(bytes.buffer);
  inos.forEach((ino, j) => {
    writeMappingInode(view, j * MAPPING_INODE_SIZE, { ino });
  });
  return bytes;
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
  writeBootParams(new DataView(bytes.buffer), 0, {
    beforeExtRamdisk: new Uint8Array(BOOT_PARAMS.extRamdiskImage - BOOT_PARAMS.beforeExtRamdisk),
    extRamdiskImage: 0,
    extRamdiskSize: 0,
    extCmdLinePtr: 0,
    beforeBootFlag: new Uint8Array(BOOT_PARAMS.bootFlag - BOOT_PARAMS.beforeBootFlag),
    bootFlag: BootParamsBootFlag.bootFlag,
    jump: new Uint8Array(BOOT_PARAMS.header - BOOT_PARAMS.jump),
    header: BootParamsHeader.hdrs,
    beforeRamdisk: new Uint8Array(BOOT_PARAMS.ramdiskImage - BOOT_PARAMS.beforeRamdisk),
    ramdiskImage: 0,
    ramdiskSize: 0,
    beforeCmdLine: new Uint8Array(BOOT_PARAMS.cmdLinePtr - BOOT_PARAMS.beforeCmdLine),
    cmdLinePtr: 0,
    beforeSetupData: new Uint8Array(BOOT_PARAMS.setupData - BOOT_PARAMS.beforeSetupData),
    setupData,
    behindSetupData: new Uint8Array(BOOT_PARAMS_SIZE - BOOT_PARAMS.behindSetupData),
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
