/** Where the parts of a dump of the 2024 series are; those that grow are after the guestmemfs region. */
import { hash } from './random.js';

const PAGE = 4096;
const BLOCK = 0x200000;
const GIB = 2 ** 30;

/** Physical addresses in bytes, and where the direct map begins. */
export interface RfcLayout {
  /** First page table of the first domain. */
  readonly tables: number;
  readonly superblock: number;
  readonly index: number;
  readonly mappingPages: number;
  readonly descriptors: number;
  readonly ring: number;
  readonly inodes: number;
  readonly bitmap: number;
  /** Root table, then context tables. */
  readonly contexts: number;
  readonly scratch: number;
  readonly scratchSize: number;
  readonly setupData: number;
  readonly cache: number;
  readonly tree: number;
  readonly region: number;
  readonly directMap: bigint;
}

/** The layout of key 0 with little in it. */
export const PLAIN_LAYOUT: RfcLayout = {
  tables: 0x1000_0000,
  superblock: 0x2000_0040,
  index: 0x2000_1000,
  mappingPages: 0x2000_2000,
  descriptors: 0x2080_0000,
  ring: 0x2090_0000,
  inodes: 0x2100_0000,
  bitmap: 0x2120_0000,
  contexts: 0x2200_0000,
  scratch: 0x4000_0000,
  scratchSize: 0x1000_0000,
  setupData: 0x4000_1070,
  cache: 0x4ffe_0000,
  tree: 0x4fd0_0000,
  region: 0x1_0000_0000,
  directMap: 0xffff_8880_0000_0000n,
};

/** Room for page tables below the rest. */
const TABLE_ROOM = PLAIN_LAYOUT.superblock - PLAIN_LAYOUT.tables - 0x100_0000;

/** Bytes of the parts that grow. */
export interface RfcSizes {
  readonly tables: number;
  readonly region: number;
}

/** A layout for what is known before the tree is made. */
export function rfcLayout(key: number, sizes: RfcSizes): RfcLayout {
  const plain = PLAIN_LAYOUT;
  const shift = key === 0 ? 0 : hash(key, 1) % 100;
  const at = (address: number): number => address + shift * BLOCK;
  const region = plain.region + (key === 0 ? 0 : (hash(key, 2) % 8) * GIB + (hash(key, 3) % 4) * 64 * BLOCK);
  const scratch = plain.scratch + (key === 0 ? 0 : (hash(key, 4) % 32) * 0x100_0000);
  const pages = key === 0 ? 0 : hash(key, 5) % 256;
  // Not next to the region: the kernel keeps a page too many after it.
  const behind = region + sizes.region + BLOCK;
  return {
    tables: (sizes.tables <= TABLE_ROOM ? plain.tables : behind) + pages * PAGE,
    superblock: at(plain.superblock) + (key === 0 ? 0 : (hash(key, 6) % 32) * 64),
    index: at(plain.index),
    mappingPages: at(plain.mappingPages),
    descriptors: at(plain.descriptors),
    ring: at(plain.ring),
    inodes: at(plain.inodes),
    bitmap: at(plain.bitmap),
    contexts: at(plain.contexts),
    scratch,
    scratchSize: plain.scratchSize,
    setupData: scratch + plain.setupData - plain.scratch + (key === 0 ? 0 : (hash(key, 7) % 64) * 16),
    cache: scratch + plain.cache - plain.scratch,
    tree: scratch + plain.tree - plain.scratch,
    region,
    directMap: plain.directMap + (key === 0 ? 0n : BigInt(hash(key, 8) % 1024) << 30n),
  };
}

/** Tree and cache from the top of scratch down, each 64 KiB aligned, at their usual places where they fit. */
export function placeLoaded(layout: RfcLayout, treeSize: number, cacheSize: number): RfcLayout {
  const align = 0x10000;
  const end = layout.scratch + layout.scratchSize;
  const cache = Math.min(layout.cache, end - Math.ceil(cacheSize / align) * align);
  return { ...layout, cache, tree: Math.min(layout.tree, cache - Math.ceil(treeSize / align) * align) };
}
