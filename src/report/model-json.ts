/** The typed model as plain values for JSON, in the key order and form of `dump --format json`. */
import type {
  Diagnostic,
  Domain,
  Guestmemfs,
  GuestmemfsFile,
  Handover,
  Iommufd,
  Location,
} from '../abi/model.js';
import type { RecordView } from '../abi/record-view.js';
import { equalBytes } from '../decode/bytes.js';
import { INODE_FILE } from '../decode/guestmemfs.js';
import { freeInode } from '../encode/rfc-memory.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import type { GuestmemfsInode, MappingInode } from '../records/guestmemfs.js';
import { textKeys } from './text-json.js';
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
    iommufds: handover.iommufds?.map(iommufdJson),
    domains: handover.domains?.map(domainJson),
    guestmemfs: guestmemfs === undefined ? undefined : guestmemfsJson(guestmemfs),
    ftrace: handover.ftrace === undefined ? undefined : ftraceJson(handover.ftrace),
  };
}

function diagnosticJson({ code, message, location }: Diagnostic): { [key: string]: unknown } {
  return { code, message, location: locationJson(location) };
}

/** A location in its JSON form: keys that are unknown are left out. */
export function locationJson(location: Location): { [key: string]: unknown } {
  return { ...location };
}

function iommufdJson({ persistentId, nodeName, ioases }: Iommufd): { [key: string]: unknown } {
  return {
    persistentId,
    nodeName,
    ioases: ioases?.map(({ id, nodeName, pinnedFileHandle, areas }) => ({
      id,
      nodeName,
      pinnedFileHandle,
      areas: areas.map(({ origin: _, ...area }) => area),
    })),
  };
}

function domainJson({ persistentId, nodeName, mem, pgd, agaw, devices }: Domain): { [key: string]: unknown } {
  return {
    persistentId,
    nodeName,
    pgd,
    agaw,
    mem,
    // A device's node is just numbered in order: the position says it.
    devices: devices?.map(({ origin: _, index, ...device }, i) =>
      index === i ? device : { index, ...device },
    ),
  };
}

function guestmemfsJson(guestmemfs: Guestmemfs): { [key: string]: unknown } {
  const { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes, files, state } = guestmemfs;
  return {
    fsMem,
    superblock,
    mappingsBlocks,
    mappingsToInode,
    numInodes,
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

function ftraceJson({ events, globalTrace }: NonNullable<Handover['ftrace']>): { [key: string]: unknown } {
  return {
    events,
    globalTrace:
      globalTrace === undefined
        ? undefined
        : {
            traceFlags: globalTrace.traceFlags,
            cpus: globalTrace.cpus.map(({ origin: _, ...cpu }) => cpu),
          },
  };
}
