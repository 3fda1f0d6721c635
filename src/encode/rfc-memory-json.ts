/** The JSON of `guestmemfs` → the node's records in memory. */

import {
  type GuestmemfsInode,
  type GuestmemfsSb,
  guestmemfsInode,
  guestmemfsSb,
} from '../records/guestmemfs.js';
import { bytesToHex, hexToBytes, textToBytes } from '../schema/text.js';
import {
  freeInode,
  GUESTMEMFS_BLOCK,
  INODE_DIR,
  INODE_FILE,
  LAST_INO,
  MAPPING_ENTRIES,
  ROOT_INO,
} from '../structures/guestmemfs/memory.js';
import { jsonArray, jsonInteger, jsonObject, ModelError, recordFromJson } from './from-json.js';

/** A file of the document. */
export interface FileContents {
  readonly ino: number;
  readonly inode: GuestmemfsInode;
  /** Whether the document says the pointer to the mapping page. */
  readonly mappingsGiven: boolean;
  /** Block numbers in file order; undefined when the document does not tell. */
  readonly blocks?: readonly bigint[];
}

export interface GuestmemfsContents {
  /** True when the document does not come from a dump: what it leaves out is then made, not missing. */
  readonly fresh: boolean;
  readonly superblock?: GuestmemfsSb;
  /** Inodes that are not files and differ from what mkfs leaves, by number. */
  readonly inodes: ReadonlyMap<number, GuestmemfsInode>;
  readonly files: readonly FileContents[];
  /** Elements of the mappings_to_inode page. */
  readonly index?: readonly number[];
}

type Json = { readonly [key: string]: unknown };

/**
 * Reads `guestmemfs` of a document. A dump's own document says everything; in one written by hand the extents
 * of a file give its blocks, the blocks their number, and inodes that no file uses are free.
 *
 * @param base physical address of the data region in bytes; needed where a file has extents but no blocks
 * @returns undefined when the document has no `files`, so that it says nothing about the memory
 * @throws ModelError naming the place that has not the form of a model
 */
export function guestmemfsContents(value: unknown, base: bigint | undefined): GuestmemfsContents | undefined {
  const path = 'guestmemfs';
  const json = jsonObject(value, path);
  if (json.files === undefined) return undefined;
  const files = jsonArray(json.files, `${path}.files`).map((item, i) => fileFromJson(item, i, base));
  const fresh = json.inodes === undefined;
  const inodes = fresh ? freshInodes(files) : otherInodes(json.inodes, `${path}.inodes`);
  return {
    fresh,
    files,
    inodes,
    ...(json.superblockRecord === undefined
      ? {}
      : { superblock: recordFromJson(guestmemfsSb, json.superblockRecord, `${path}.superblockRecord`) }),
    ...(json.index === undefined
      ? {}
      : {
          index: jsonArray(json.index, `${path}.index`).map((item, j) =>
            inRange(item, -(2 ** 31), 2 ** 31 - 1, `${path}.index[${j}]`),
          ),
        }),
  };
}

function fileFromJson(value: unknown, position: number, base: bigint | undefined): FileContents {
  const path = `guestmemfs.files[${position}]`;
  const json = jsonObject(value, path);
  const ino = inRange(json.ino, 1, LAST_INO, `${path}.ino`);
  const blocks =
    json.blocks !== undefined
      ? blocksOfRuns(json.blocks, `${path}.blocks`)
      : json.extents !== undefined && json.numMappings === undefined
        ? blocksOfExtents(json.extents, base, `${path}.extents`)
        : undefined;
  const made = { ...freeInode(ino), flags: INODE_FILE, siblingIno: 0n, numMappings: blocks?.length ?? 0 };
  const inode = inodeFromJson(json, made, 'name', path);
  const mappingsGiven = json.mappings !== undefined;
  return blocks === undefined ? { ino, inode, mappingsGiven } : { ino, inode, mappingsGiven, blocks };
}

function otherInodes(value: unknown, path: string): Map<number, GuestmemfsInode> {
  const inodes = new Map<number, GuestmemfsInode>();
  jsonArray(value, path).forEach((item, i) => {
    const at = `${path}[${i}]`;
    const json = jsonObject(item, at);
    const ino = inRange(json.ino, 1, LAST_INO, `${at}.ino`);
    inodes.set(ino, inodeFromJson(json, freeInode(ino), 'filename', at));
  });
  return inodes;
}

/** The root and the free inodes of a document that names only files; chains the files, too. */
function freshInodes(files: readonly FileContents[]): Map<number, GuestmemfsInode> {
  const inodes = new Map<number, GuestmemfsInode>();
  const used = new Set(files.map(({ ino }) => ino));
  // The kernel puts a new file at the head of the list: each file leads to the one before it.
  files.forEach(({ inode }, i) => {
    inode.siblingIno = BigInt(files[i - 1]?.ino ?? 0);
  });
  const root = freeInode(ROOT_INO);
  inodes.set(ROOT_INO, {
    ...root,
    flags: INODE_DIR,
    childIno: BigInt(files.at(-1)?.ino ?? 0),
    filename: textToBytes('.', root.filename.length),
  });
  let next = 0;
  for (let ino = LAST_INO; ino > ROOT_INO; ino--) {
    if (used.has(ino)) continue;
    inodes.set(ino, { ...freeInode(ino), siblingIno: BigInt(next) });
    next = ino;
  }
  return inodes;
}

/** An inode of the document; what it leaves out is as in `made`. */
function inodeFromJson(json: Json, made: GuestmemfsInode, nameKey: string, path: string): GuestmemfsInode {
  const complete: { [key: string]: unknown } = {};
  for (const [key, value] of Object.entries(made)) {
    complete[key] = json[key] ?? (value instanceof Uint8Array ? bytesToHex(value) : String(value));
  }
  complete.filename = bytesToHex(nameFromJson(json, nameKey, made.filename, path));
  return recordFromJson(guestmemfsInode, complete, path);
}

function nameFromJson(json: Json, key: string, made: Uint8Array, path: string): Uint8Array {
  const hex = json[`${key}Bytes`];
  if (hex !== undefined) {
    const bytes = typeof hex === 'string' ? hexToBytes(hex) : undefined;
    if (bytes?.length === made.length) return bytes;
    throw new ModelError(`${path}.${key}Bytes: expected ${made.length} bytes as hex digits`);
  }
  const text = json[key];
  if (text === undefined) return made;
  if (typeof text !== 'string') throw new ModelError(`${path}.${key}: expected a string`);
  try {
    return textToBytes(text, made.length);
  } catch (error) {
    throw new ModelError(`${path}.${key}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Runs `{ block, count? }` of consecutive block numbers. */
function blocksOfRuns(value: unknown, path: string): bigint[] {
  const blocks: bigint[] = [];
  jsonArray(value, path).forEach((item, i) => {
    const { block, count } = jsonObject(item, `${path}[${i}]`);
    const first = jsonInteger(block, `${path}[${i}].block`);
    const length = inRange(count ?? 1, 1, MAPPING_ENTRIES, `${path}[${i}].count`);
    addBlocks(blocks, first, length, `${path}[${i}]`);
  });
  return blocks;
}

function blocksOfExtents(value: unknown, base: bigint | undefined, path: string): bigint[] {
  const blocks: bigint[] = [];
  jsonArray(value, path).forEach((item, i) => {
    const range = jsonObject(item, `${path}[${i}]`);
    const start = jsonInteger(range.start, `${path}[${i}].start`);
    const end = jsonInteger(range.end, `${path}[${i}].end`);
    if (base === undefined)
      throw new ModelError(`${path}[${i}]: guestmemfs.fsMem is missing, and blocks count from its start`);
    const whole = (start - base) % GUESTMEMFS_BLOCK === 0n && (end - start) % GUESTMEMFS_BLOCK === 0n;
    if (start < base || end < start || !whole)
      throw new ModelError(`${path}[${i}]: not whole blocks of fsMem`);
    const count = (end - start) / GUESTMEMFS_BLOCK;
    addBlocks(blocks, (start - base) / GUESTMEMFS_BLOCK, count, `${path}[${i}]`);
  });
  return blocks;
}

function addBlocks(blocks: bigint[], first: bigint, count: number | bigint, path: string): void {
  if (count > MAPPING_ENTRIES - blocks.length) {
    throw new ModelError(`${path}: a mapping page holds ${MAPPING_ENTRIES} blocks`);
  }
  if (first < 0n || first + BigInt(count) > 1n << 64n) throw new ModelError(`${path}: does not fit 64 bits`);
  for (let i = 0n; i < count; i++) blocks.push(first + i);
}

function inRange(value: unknown, low: number, high: number, path: string): number {
  const integer = jsonInteger(value, path);
  if (integer < low || integer > high)
    throw new ModelError(`${path}: ${integer} is not in ${low} to ${high}`);
  return Number(integer);
}
