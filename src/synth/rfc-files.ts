/** guestmemfs of a dump of the 2024 series: which file has which blocks, and its structures in memory. */
import { packRecords } from '../abi/record-view.js';
import { bitmapBytes, numberBytes, tableBytes } from '../encode/structures/tree-memory.js';
import { sparseSegments } from '../memory/segments.js';
import {
  type GuestmemfsInode,
  type GuestmemfsSb,
  guestmemfsInode,
  guestmemfsSb,
  mappingBlock,
  mappingInode,
} from '../records/guestmemfs.js';
import { textToBytes } from '../schema/text.js';
import { BITMAP_SIZE, freeInode, INODE_TABLE_SIZE } from '../structures/guestmemfs/memory.js';
import { hash } from './random.js';
import { bytesRegion, pagesRegion, type Region } from './regions.js';
import type { RfcLayout } from './rfc-layout.js';
import type { RfcPlan } from './rfc-plan.js';
import { createShuffle } from './shuffle.js';

const PAGE = 4096;
const BLOCK = 0x200000;
const BLOCK_PAGES = BLOCK / PAGE;

/** A file of the region. */
export interface RfcFile {
  readonly ino: number;
  readonly name: string;
  readonly blocks: number;
  /** Its first block, before blocks are scattered. */
  readonly firstSlot: number;
  readonly pins: number;
}

export interface RfcFiles {
  readonly list: readonly RfcFile[];
  /** Blocks of the region. */
  readonly blocks: number;
  /** Block number of block `index` of a file. */
  block(file: RfcFile, index: number): number;
  /** Page frame number of a page of a file. */
  pfn(file: RfcFile, page: number): number;
  /** Says where the region is; before that, page frame numbers are relative to it. */
  place(region: number): void;
}

/** Files of IOASes first, in the order of the plan, then those that are not mapped. */
export function planFiles(plan: RfcPlan): RfcFiles {
  const wanted = [
    ...plan.iommufds.flatMap(({ ioases }) =>
      ioases.flatMap(({ areas, blocks }) => (areas.length === 0 ? [] : [{ blocks, pins: areas.length }])),
    ),
    ...plan.spareFiles.map((blocks) => ({ blocks, pins: 0 })),
  ];
  let firstSlot = 0;
  const list = wanted.map(({ blocks, pins }, i): RfcFile => {
    const file = {
      ino: i + 2,
      name: `${plan.names[i % Math.max(1, plan.names.length)] ?? ''}file ${i}`,
      blocks,
      firstSlot,
      pins: plan.handles ? pins : 0,
    };
    firstSlot += blocks;
    return file;
  });
  const blocks = firstSlot + plan.freeBlocks;
  const shuffle = createShuffle(blocks, hash(plan.key, 0xb10c), plan.fragmentation);
  const block = (file: RfcFile, index: number): number => shuffle.forward(file.firstSlot + index);
  let base = 0;
  return {
    list,
    blocks,
    block,
    pfn: (file, page) =>
      base + block(file, Math.floor(page / BLOCK_PAGES)) * BLOCK_PAGES + (page % BLOCK_PAGES),
    place(region) {
      base = region / PAGE;
    },
  };
}

/** The super block as the serialiser leaves it. */
export function superblockOf(files: RfcFiles, layout: RfcLayout): GuestmemfsSb {
  return {
    nextFreeIno: BigInt(files.list.length + 2),
    allocatedInodes: BigInt(files.list.length),
    inodes: layout.directMap + BigInt(layout.inodes),
    allocatorBitmap: layout.directMap + BigInt(layout.bitmap),
    allocationLock: 0,
    serialised: 1,
    padding: new Uint8Array(3),
  };
}

/** The root directory's inode. */
export function rootInode(files: RfcFiles): GuestmemfsInode {
  return {
    ...freeInode(1),
    flags: 2,
    childIno: BigInt(files.list.at(-1)?.ino ?? 0),
    filename: filename('.'),
  };
}

/** A file's inode. New files are put at the head of the root's list. */
export function fileInode(files: RfcFiles, position: number, layout: RfcLayout): GuestmemfsInode {
  const file = files.list[position];
  if (file === undefined) throw new RangeError(`no file ${position}`);
  return {
    ...freeInode(file.ino),
    flags: 1,
    siblingIno: BigInt(files.list[position - 1]?.ino ?? 0),
    filename: filename(file.name),
    mappings: layout.directMap + BigInt(mappingPage(layout, position)),
    numMappings: file.blocks,
    longTermPins: file.pins,
  };
}

/** Physical address of a file's mapping page. */
export function mappingPage(layout: RfcLayout, position: number): number {
  return layout.mappingPages + position * PAGE;
}

/** The 255 bytes and what is left of their field. */
function filename(text: string): Uint8Array {
  return textToBytes(text, freeInode(1).filename.length);
}

/** Super block, inode table, bitmap, index page and mapping pages. */
export function guestmemfsRegions(files: RfcFiles, layout: RfcLayout): Region[] {
  const { list } = files;
  const inodes = new Map([[1, rootInode(files)]]);
  for (const [i, { ino }] of list.entries()) inodes.set(ino, fileInode(files, i, layout));
  const table = new Uint8Array(INODE_TABLE_SIZE);
  table.set(tableBytes(guestmemfsInode, INODE_TABLE_SIZE, inodes, freeInode));
  return [
    bytesRegion(
      'super block',
      layout.superblock,
      packRecords(guestmemfsSb, [superblockOf(files, layout)]).bytes,
    ),
    bytesRegion('inode table', layout.inodes, table),
    ...sparse('allocation bitmap', layout.bitmap, bitmapBytes(usedBlocks(files), BITMAP_SIZE)),
    pagesRegion('index page', layout.index, PAGE, 1, (page) =>
      new Uint8Array(page.buffer).set(
        numberBytes(
          mappingInode,
          list.map(({ ino }) => ino),
        ),
      ),
    ),
    pagesRegion('mapping pages', layout.mappingPages, PAGE, list.length, (page, i) => {
      const file = list[i];
      if (file !== undefined)
        new Uint8Array(page.buffer).set(numberBytes(mappingBlock, blocksOf(files, file)));
    }),
  ];
}

function sparse(what: string, address: number, bytes: Uint8Array): Region[] {
  return sparseSegments(address, bytes).map((segment) =>
    'bytes' in segment
      ? bytesRegion(what, segment.address, segment.bytes)
      : { what, address: segment.address, size: segment.zeroLength },
  );
}

function* usedBlocks(files: RfcFiles): Generator<bigint> {
  for (const file of files.list) yield* blocksOf(files, file);
}

/** Block numbers of a file, in file order. */
export function* blocksOf(files: RfcFiles, file: RfcFile): Generator<bigint> {
  for (let i = 0; i < file.blocks; i++) yield BigInt(files.block(file, i));
}
