/** What the rules on guestmemfs look at, each part read once for all rules. */

import type { Guestmemfs, GuestmemfsFile, Handover, Location } from '../../abi/model.js';
import type { RecordView } from '../../abi/record-view.js';
import { dataView } from '../../decode/bytes.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findNode, findProperty, propertyValue } from '../../fdt/tree.js';
import {
  GUESTMEMFS_INODE,
  GUESTMEMFS_INODE_SIZE,
  type GuestmemfsInode,
  type GuestmemfsSb,
  guestmemfsInode,
  guestmemfsSb,
} from '../../records/guestmemfs.js';
import { GUESTMEMFS } from '../../validate/reads.js';
import { type Reporter, RFC_2024, type RuleContext } from '../../validate/rule.js';
import { type Elements, fieldPlace } from '../../validate/shapes.js';
import { lower } from '../../validate/text.js';
import { ALLOCATOR_BLOCKS, fsMemRange, GUESTMEMFS_BLOCK } from './memory.js';

export const SUPERBLOCK_PATH = '/guestmemfs/superblock';
export const FS_MEM_PATH = '/guestmemfs/fs_mem';
export const BLOCKS_PATH = '/guestmemfs/mappings_blocks';
export const INDEX_PATH = '/guestmemfs/mappings_to_inode';

/** A property's value by path, whatever its size; undefined when there is none. */
export function rawProperty(
  tree: FdtTree | undefined,
  path: string,
  property: string,
): Uint8Array | undefined {
  if (tree === undefined) return undefined;
  const node = findNode(tree, path);
  const token = node < 0 ? -1 : findProperty(tree, node, property);
  return token < 0 ? undefined : propertyValue(tree, token);
}

/** The decoded node; when there is none the rule is skipped. */
export function guestmemfsOf({ handover }: RuleContext, report: Reporter): Guestmemfs | undefined {
  if (handover.guestmemfs === undefined) report.skip('the tree has no /guestmemfs that could be decoded');
  return handover.guestmemfs;
}

/** Address of the inode table, for messages; 0 where no record says it. */
export function inodeTable({ guestmemfs }: Handover): bigint {
  const [, table] = guestmemfs?.superblock ?? [];
  return table?.addr ?? 0n;
}

/** The super block in memory; when it is not there the rule is skipped with its address. */
export function superblockOf(
  context: RuleContext,
  report: Reporter,
): { readonly sb: GuestmemfsSb; readonly address: bigint } | undefined {
  const guestmemfs = guestmemfsOf(context, report);
  if (guestmemfs === undefined) return undefined;
  const [record] = guestmemfs.superblock ?? [];
  const sb = guestmemfs.state?.superblock;
  if (record === undefined) report.skip('no record has the address of the super block');
  else if (sb === undefined) report.absent('the super block', record.addr);
  else return { sb, address: record.addr };
  return undefined;
}

/** The inode table in columns; element i belongs to inode number i + 1. */
export interface InodeTable {
  /** Physical address of the table. */
  readonly address: bigint;
  readonly count: number;
  readonly flags: Int32Array;
  readonly sibling: BigUint64Array;
  readonly child: BigUint64Array;
  readonly mappings: BigUint64Array;
  readonly numMappings: Int32Array;
  readonly pins: Int32Array;
  /** The 255 bytes of the name, not copied. */
  filename(ino: number): Uint8Array;
}

const tables = new WeakMap<RecordView<GuestmemfsInode>, InodeTable>();

/** The inode table; when it is not in the dump the rule is skipped with its address. */
export function inodesOf(context: RuleContext, report: Reporter): InodeTable | undefined {
  const guestmemfs = guestmemfsOf(context, report);
  if (guestmemfs === undefined) return undefined;
  const [, record] = guestmemfs.superblock ?? [];
  const view = guestmemfs.state?.inodes;
  if (record === undefined) {
    report.skip('no record has the address of the inode table');
    return undefined;
  }
  if (view === undefined) {
    report.absent('the inode table', record.addr);
    return undefined;
  }
  let table = tables.get(view);
  if (table === undefined) {
    table = columns(view, record.addr);
    tables.set(view, table);
  }
  return table;
}

function columns({ bytes, length }: RecordView<GuestmemfsInode>, address: bigint): InodeTable {
  const view = dataView(bytes);
  const table = {
    address,
    count: length,
    flags: new Int32Array(length),
    sibling: new BigUint64Array(length),
    child: new BigUint64Array(length),
    mappings: new BigUint64Array(length),
    numMappings: new Int32Array(length),
    pins: new Int32Array(length),
  };
  for (let i = 0; i < length; i++) {
    const at = i * GUESTMEMFS_INODE_SIZE;
    table.flags[i] = view.getInt32(at + GUESTMEMFS_INODE.flags, true);
    table.sibling[i] = view.getBigUint64(at + GUESTMEMFS_INODE.siblingIno, true);
    table.child[i] = view.getBigUint64(at + GUESTMEMFS_INODE.childIno, true);
    table.mappings[i] = view.getBigUint64(at + GUESTMEMFS_INODE.mappings, true);
    table.numMappings[i] = view.getInt32(at + GUESTMEMFS_INODE.numMappings, true);
    table.pins[i] = view.getInt32(at + GUESTMEMFS_INODE.longTermPins, true);
  }
  const filename = (ino: number): Uint8Array => {
    const at = (ino - 1) * GUESTMEMFS_INODE_SIZE;
    return bytes.subarray(at + GUESTMEMFS_INODE.filename, at + GUESTMEMFS_INODE.padding279);
  };
  return { ...table, filename };
}

/** An inode as rules see it. */
export interface Inode {
  readonly ino: number;
  readonly table: InodeTable;
  readonly flags: number;
}

/** Rules on what guestmemfs has in memory. */
export const shared = { generations: RFC_2024, needs: ['memory'], reads: GUESTMEMFS } as const;

/** All inodes of the table, the free ones too. */
export const INODES: Elements<Inode> = {
  shared,
  *each(context, report) {
    const table = inodesOf(context, report);
    for (let ino = 1; table !== undefined && ino <= table.count; ino++)
      yield { ino, table, flags: table.flags[ino - 1] as number };
  },
  subject: ({ ino }) => ({ inode: ino }),
};

/** Files whose list of blocks is known. */
export const FILES: Elements<MappedFile> = {
  shared,
  each(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    return guestmemfs === undefined ? [] : mappedFiles(guestmemfs, report);
  },
  subject: ({ ino }) => ({ inode: ino }),
};

/** Where a field of an inode is. */
export function inodePlace(table: InodeTable, ino: number, field: keyof GuestmemfsInode): Location {
  const base = table.address + BigInt((ino - 1) * GUESTMEMFS_INODE_SIZE);
  return { fdtPath: SUPERBLOCK_PATH, ...fieldPlace(guestmemfsInode, base, field) };
}

/** Where a field of the super block is. */
export function superblockPlace(address: bigint, field: keyof GuestmemfsSb): Location {
  return { fdtPath: SUPERBLOCK_PATH, ...fieldPlace(guestmemfsSb, address, field) };
}

/** Blocks of the data region, at most as many as the allocator knows; 0 when fs_mem is not decoded. */
export function regionBlocks(guestmemfs: Guestmemfs | undefined): number {
  const region = fsMemRange(guestmemfs);
  if (region === undefined) return 0;
  return Number(lower((region.end - region.start) / GUESTMEMFS_BLOCK, BigInt(ALLOCATOR_BLOCKS)));
}

type MappedFile = GuestmemfsFile & { readonly blocks: BigUint64Array };

function isMapped(file: GuestmemfsFile): file is MappedFile {
  return file.blocks !== undefined;
}

/** The files whose mapping pages could be read; a page that is not in the dump makes the rule be skipped. */
export function mappedFiles(guestmemfs: Guestmemfs, report: Reporter): readonly MappedFile[] {
  const found: MappedFile[] = [];
  for (const file of guestmemfs.files ?? []) {
    const { mappingPage, ino } = file;
    if (isMapped(file)) found.push(file);
    else if (mappingPage !== undefined) report.absent(`the mapping page of inode ${ino}`, mappingPage);
  }
  return found;
}
