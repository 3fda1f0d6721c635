/**
 * Dumps of the 2024 series that are consistent by construction, in the terms of the tests that damage them: the
 * document that the blob is made of, and segments of memory with their bytes.
 */
import { computeMemCache } from '../../src/abi/mem-cache.js';
import { packRecords } from '../../src/abi/record-view.js';
import { memProperties } from '../../src/decode/mem-properties.js';
import { khoElementBytes } from '../../src/encode/boot-params.js';
import { parseFdt } from '../../src/fdt/parse.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { khoDataRfc2024, khoMem } from '../../src/records/kho.js';
import type { Region } from '../../src/synth/regions.js';
import { layRfc } from '../../src/synth/rfc.js';
import type { LaidArea } from '../../src/synth/rfc-domains.js';
import { mappingPage } from '../../src/synth/rfc-files.js';
import { PLAIN_LAYOUT } from '../../src/synth/rfc-layout.js';
import type { RfcPlan } from '../../src/synth/rfc-plan.js';
import { type Json, parsed } from './json.js';

/** Physical addresses of the parts of a dump in its plain layout. */
export const LAYOUT = PLAIN_LAYOUT;

/** A file as it is in the region. */
export interface BuiltFile {
  readonly ino: number;
  readonly name: string;
  /** Block numbers in file order. */
  readonly blocks: readonly number[];
  readonly pins: number;
  readonly mappingPage: number;
}

/** Tables in memory. */
export interface BuiltTables {
  readonly root: number;
  readonly levels: number;
  readonly pages: number;
  /** Physical byte address of table page `index` of a level, in order of IOVAs. */
  address(level: number, index: number): number;
  /** Physical byte addresses of all table pages, the root first. */
  readonly addresses: readonly number[];
}

export interface BuiltDomain {
  readonly persistentId: number;
  readonly tables: BuiltTables;
  readonly mappings: readonly LaidArea[];
}

export interface BuiltDump {
  readonly plan: RfcPlan;
  /** The typed model that the blob was encoded from, as a document. */
  readonly document: Json;
  readonly blob: Uint8Array;
  readonly segments: readonly MemorySegment[];
  readonly memory: PhysicalMemory;
  readonly files: readonly BuiltFile[];
  readonly domains: readonly BuiltDomain[];
  /** Bytes of the region. */
  readonly regionSize: number;
}

/** Lays out what a plan says. */
export function buildDump(plan: RfcPlan): BuiltDump {
  const { layout, files, domains, regions, makeAccount, blob, regionSize } = layRfc(plan);
  const { generation, ftrace, domains: listed, guestmemfs, iommufds } = parsed(makeAccount());
  const { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes } = guestmemfs as Json;
  const segments = regions.flatMap(segmentsOf);
  return {
    plan,
    document: {
      generation,
      ...(ftrace === undefined ? {} : { ftrace }),
      domains: listed,
      guestmemfs: { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes },
      iommufds,
    },
    blob,
    segments,
    memory: segmentsMemory(segments, 'built'),
    files: files.list.map((file, i) => ({
      ino: file.ino,
      name: file.name,
      blocks: Array.from({ length: file.blocks }, (_, j) => files.block(file, j)),
      pins: file.pins,
      mappingPage: mappingPage(layout, i),
    })),
    domains: domains.map(({ persistentId, tables, areas, address }) => ({
      persistentId,
      tables: {
        root: address(0),
        levels: tables.levels,
        pages: tables.pages,
        address: (level, index) => address(tables.number(level, index)),
        addresses: Array.from({ length: tables.pages }, (_, number) => address(number)),
      },
      mappings: areas,
    })),
    regionSize,
  };
}

/** Mapping pages apart, so that a test can take out one of them. */
function segmentsOf({ what, address, size, fill }: Region): MemorySegment[] {
  if (fill === undefined) return [{ address, zeroLength: size }];
  const step = what === 'mapping pages' ? 4096 : Math.max(1, size);
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => {
    const bytes = new Uint8Array(Math.min(step, size - i * step));
    fill(bytes, i * step);
    return { address: address + i * step, bytes };
  });
}

/** The mem cache that the kernel makes of a blob, its mistakes included. */
export function cacheBytes(blob: Uint8Array): Uint8Array {
  const records = [...memProperties(parseFdt(blob))].flatMap((property) =>
    property.whole ? [...property.records] : [],
  );
  const scratch = { start: BigInt(LAYOUT.scratch), end: BigInt(LAYOUT.scratch + LAYOUT.scratchSize) };
  const result = computeMemCache(records, scratch);
  return packRecords(khoMem, 'entries' in result ? result.entries : []).bytes;
}

/** The setup_data element for a tree and a cache of these sizes at their fixed places. */
export function elementBytes(treeSize: number, cacheSize: number): Uint8Array {
  return khoElementBytes(0n, khoDataRfc2024, {
    dtAddr: BigInt(LAYOUT.tree),
    dtSize: BigInt(treeSize),
    scratchAddr: BigInt(LAYOUT.scratch),
    scratchSize: BigInt(LAYOUT.scratchSize),
    memCacheAddr: BigInt(LAYOUT.cache),
    memCacheSize: BigInt(cacheSize),
  });
}
