/** The typed model as plain values for JSON, in the key order and form of `dump --format json`. */

import type { Diagnostic, Guestmemfs, GuestmemfsFile, Handover, Location } from '../abi/model.js';
import type { RecordView } from '../abi/record-view.js';
import { equalBytes } from '../decode/bytes.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import type { GuestmemfsInode, MappingInode } from '../records/guestmemfs.js';
import { freeInode, INODE_FILE } from '../structures/guestmemfs/memory.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { textKeys } from './text-json.js';
import { treeJson } from './tree-json.js';
import { preservedJson, upstreamJson } from './upstream-json.js';

/** Version of the JSON document; raised when a key changes its meaning. */
export const SCHEMA_VERSION = 1;

/**
 * The document; values that grow with the dump are iterables, to be written as they are drawn.
 *
 * @example
 * ```ts
 * import { decodeHandover, jsonChunks, modelJson, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const text = [...jsonChunks(modelJson(decodeHandover(blob)))].join('');
 * const { kind, generation } = JSON.parse(text);
 * console.log(kind, generation); //=> handover kho-v4
 * ```
 */
export function modelJson(handover: Handover): { [key: string]: unknown } {
  const { tree, setupData, guestmemfs } = handover;
  const { iommufds, domains, guestmemfs: filesystem, ftrace } = treeJson(rfc2024.root, handover, ['devices']);
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: handover.kind,
    generation: handover.generation,
    pageSize: handover.pageSize,
    pageSizeReason: handover.pageSizeReason,
    diagnostics: handover.diagnostics.map(diagnosticJson),
    fdt:
      tree === undefined ? undefined : { address: handover.fdtAddress, ...imageToJson(toImage(tree), tree) },
    setupData:
      setupData === undefined
        ? undefined
        : {
            bootParams: setupData.bootParams,
            address: setupData.element,
            len: setupData.len,
            ...setupData.rfc2024,
            ...setupData.khoData,
          },
    preserved: handover.preserved === undefined ? undefined : preservedJson(handover.preserved),
    scratch: handover.scratch,
    memCache: handover.memCache,
    preservedMemoryMap: handover.preservedMemoryMap,
    ...upstreamJson(handover),
    iommufds,
    domains,
    guestmemfs:
      guestmemfs === undefined ? undefined : { ...(filesystem as object), ...guestmemfsJson(guestmemfs) },
    ftrace,
  };
}

function diagnosticJson({ code, message, location }: Diagnostic): { [key: string]: unknown } {
  return { code, message, location: locationJson(location) };
}

/** A location in its JSON form: keys that are unknown are left out. */
export function locationJson(location: Location): { [key: string]: unknown } {
  return { ...location };
}

/** What memory has of the file system. */
function guestmemfsJson({ files, state }: Guestmemfs): { [key: string]: unknown } {
  return {
    superblockRecord: state?.superblock,
    index: state?.index === undefined ? undefined : indexJson(state.index),
    files: files?.map((file) => fileJson(file, state?.inodes?.at(file.ino - 1))),
    inodes: state?.inodes === undefined ? undefined : otherInodes(state.inodes),
  };
}

/** The elements of the mappings_to_inode page up to the last that is not 0. */
function indexJson(index: RecordView<MappingInode>): number[] {
  const elements = Array.from(index, ({ ino }) => ino);
  return elements.slice(0, elements.findLastIndex((ino) => ino !== 0) + 1);
}

function fileJson(file: GuestmemfsFile, inode: GuestmemfsInode | undefined): { [key: string]: unknown } {
  return {
    ...textKeys('name', file.name),
    ino: file.ino,
    ...(inode === undefined ? {} : inodeKeys(inode)),
    numMappings: file.numMappings,
    longTermPins: file.longTermPins,
    mappingPage: file.mappingPage,
    blocks: file.blocks === undefined ? undefined : blockRuns(file.blocks),
    extents: file.extents,
  };
}

/** The inodes that are not files and differ from what mkfs leaves. */
function* otherInodes(inodes: RecordView<GuestmemfsInode>): Generator<{ [key: string]: unknown }> {
  for (let i = 0; i < inodes.length; i++) {
    const inode = inodes.at(i);
    if ((inode.flags & INODE_FILE) !== 0 || isAsMade(inode, freeInode(i + 1))) continue;
    yield {
      ino: i + 1,
      ...textKeys('filename', inode.filename),
      ...inodeKeys(inode),
      numMappings: inode.numMappings,
      longTermPins: inode.longTermPins,
    };
  }
}

/** What an inode says besides its name and its counts; padding only where it is not zero. */
function inodeKeys(inode: GuestmemfsInode): { [key: string]: unknown } {
  const { flags, siblingIno, childIno, mappings, padding4, padding279 } = inode;
  return {
    flags,
    siblingIno,
    childIno,
    mappings,
    padding4: padding4.some((byte) => byte !== 0) ? padding4 : undefined,
    padding279: padding279.some((byte) => byte !== 0) ? padding279 : undefined,
  };
}

function isAsMade(inode: GuestmemfsInode, made: GuestmemfsInode): boolean {
  return (Object.keys(made) as (keyof GuestmemfsInode)[]).every((key) => {
    const value = inode[key];
    const other = made[key];
    return value instanceof Uint8Array && other instanceof Uint8Array
      ? equalBytes(value, other)
      : value === other;
  });
}

/** Block numbers as runs of consecutive ones. */
function blockRuns(blocks: BigUint64Array): { block: bigint; count?: number }[] {
  const runs: { block: bigint; count?: number }[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const count = last?.count ?? 1;
    if (last !== undefined && last.block + BigInt(count) === block) last.count = count + 1;
    else runs.push({ block });
  }
  return runs;
}
