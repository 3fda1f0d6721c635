/**
 * Dumps of the 2024 series that are consistent by construction: what the series' kernel would hand over if
 * its serialisers had no defects. `mem` of a domain lists exactly its table pages.
 */
import { computeMemCache } from '../../src/abi/mem-cache.js';
import { packRecords } from '../../src/abi/record-view.js';
import { memProperties } from '../../src/decode/mem-properties.js';
import { encodeBlob } from '../../src/encode/blob.js';
import {
  bitmapBytes,
  bootParamsBytes,
  freeInode,
  indexBytes,
  inodeTableBytes,
  khoElementBytes,
  mappingBytes,
  superblockBytes,
} from '../../src/encode/rfc-memory.js';
import { parseFdt } from '../../src/fdt/parse.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import type { GuestmemfsInode } from '../../src/records/guestmemfs.js';
import { type KhoMem, khoMem } from '../../src/records/kho.js';
import { textToBytes } from '../../src/schema/text.js';
import { type BuiltTables, buildTables, type PageMapping } from '../../src/vtd/build.js';
import { type Json, parsed } from './json.js';
import type { AreaPlan, DumpPlan, IommufdPlan } from './plan.js';

const PAGE = 4096;
const BLOCK = 0x200000;
const BLOCK_PAGES = BLOCK / PAGE;

/** Physical addresses of the fixed parts. Everything else is allocated upwards from `tables`. */
export const LAYOUT = {
  tables: 0x1000_0000,
  superblock: 0x2000_0040,
  index: 0x2000_1000,
  mappingPages: 0x2000_2000,
  descriptors: 0x2080_0000,
  ring: 0x2090_0000,
  inodes: 0x2100_0000,
  bitmap: 0x2120_0000,
  scratch: 0x4000_0000,
  scratchSize: 0x1000_0000,
  setupData: 0x4000_1070,
  cache: 0x4ffe_0000,
  tree: 0x4fd0_0000,
  region: 0x1_0000_0000,
  directMap: 0xffff_8880_0000_0000n,
} as const;

/** A file as it lies in the region. */
export interface BuiltFile {
  readonly ino: number;
  readonly name: string;
  readonly firstBlock: number;
  readonly blocks: number;
  readonly pins: number;
  readonly mappingPage: number;
}

/** An area, and what it maps. */
export interface BuiltArea {
  readonly iova: number;
  readonly pages: number;
  /** First physical page frame. */
  readonly target: number;
  readonly prot: number;
}

export interface BuiltDomain {
  readonly persistentId: number;
  readonly tables: BuiltTables;
  readonly mappings: readonly BuiltArea[];
}

export interface BuiltDump {
  readonly plan: DumpPlan;
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
export function buildDump(plan: DumpPlan): BuiltDump {
  const files = placeFiles(plan);
  const domains = buildDomains(plan, files);
  const used = files.reduce((sum, { blocks }) => sum + blocks, 0);
  const regionSize = (used + plan.freeBlocks) * BLOCK;
  const document = parsed(documentOf(plan, files, domains, regionSize));
  const { bytes: blob } = encodeBlob(document);
  const cache = cacheBytes(blob);
  const segments: MemorySegment[] = [
    { address: LAYOUT.tree, bytes: blob },
    { address: LAYOUT.cache, bytes: cache },
    { address: LAYOUT.scratch, bytes: bootParamsBytes(BigInt(LAYOUT.setupData)) },
    { address: LAYOUT.setupData, bytes: elementBytes(blob.length, cache.length) },
    ...guestmemfsSegments(files),
    ...domains.flatMap(({ tables }) => tables.segments()),
  ];
  const memory = segmentsMemory(segments, 'built');
  return { plan, document, blob, segments, memory, files, domains, regionSize };
}

/** The mem cache that the kernel makes of a blob. */
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
  return khoElementBytes(0n, {
    dtAddr: BigInt(LAYOUT.tree),
    dtSize: BigInt(treeSize),
    scratchAddr: BigInt(LAYOUT.scratch),
    scratchSize: BigInt(LAYOUT.scratchSize),
    memCacheAddr: BigInt(LAYOUT.cache),
    memCacheSize: BigInt(cacheSize),
  });
}

/** Files of IOASes first, in the order of the plan, then those that nobody maps; blocks lie in that order. */
function placeFiles(plan: DumpPlan): BuiltFile[] {
  const wanted = [
    ...plan.iommufds.flatMap(({ ioases }) =>
      ioases.flatMap(({ areas, blocks }) => (areas.length === 0 ? [] : [{ blocks, pins: areas.length }])),
    ),
    ...plan.spareFiles.map((blocks) => ({ blocks, pins: 0 })),
  ];
  let firstBlock = 0;
  return wanted.map(({ blocks, pins }, i) => {
    const file = {
      ino: i + 2,
      name: `${plan.names[i % Math.max(1, plan.names.length)] ?? ''}file ${i}`,
      firstBlock,
      blocks,
      pins: plan.handles ? pins : 0,
      mappingPage: LAYOUT.mappingPages + i * PAGE,
    };
    firstBlock += blocks;
    return file;
  });
}

function buildDomains(plan: DumpPlan, files: readonly BuiltFile[]): BuiltDomain[] {
  const domains: BuiltDomain[] = [];
  let next = LAYOUT.tables;
  let file = 0;
  for (const iommufd of plan.iommufds) {
    const { mappings, filesUsed } = areasOf(iommufd, files.slice(file));
    file += filesUsed;
    if (mappings.length === 0) continue;
    const tables = buildTables(mappings.map(pageMapping), {
      levels: iommufd.agaw + 2,
      pageSizes: plan.largePages,
      allocate: () => {
        const address = next;
        next += plan.stride * PAGE;
        return address;
      },
      style: 'rfc',
    });
    domains.push({ persistentId: iommufd.persistentId, tables, mappings });
  }
  return domains;
}

function pageMapping({ iova, pages, target, prot }: BuiltArea): PageMapping {
  return { iova, target, pages, read: (prot & 1) !== 0, write: (prot & 2) !== 0 };
}

/** The areas of all IOASes of an iommufd; IOVAs ascend over all of them, as one domain maps them. */
function areasOf(
  iommufd: IommufdPlan,
  files: readonly BuiltFile[],
): { areas: BuiltArea[][]; mappings: BuiltArea[]; filesUsed: number } {
  const limit = 2 ** (18 + 9 * iommufd.agaw);
  let iova = 0;
  let filesUsed = 0;
  const areas = iommufd.ioases.map((ioas) => {
    if (ioas.areas.length === 0) return [];
    const file = files[filesUsed++];
    if (file === undefined) throw new Error('a plan has a file for each IOAS with areas');
    return ioas.areas.map((area) => {
      const { offset, pages } = within(area, file.blocks * BLOCK_PAGES);
      // Only the first area stays low: the walk of the series starts at the first top entry.
      const gap = iova === 0 ? area.gap % 1024 : area.gap;
      const start = iova + gap + pages <= limit ? iova + gap : iova;
      iova = start + pages;
      return {
        iova: start,
        pages,
        target: LAYOUT.region / PAGE + file.firstBlock * BLOCK_PAGES + offset,
        prot: area.prot,
      };
    });
  });
  return { areas, mappings: areas.flat(), filesUsed };
}

function within(area: AreaPlan, available: number): { offset: number; pages: number } {
  const offset = area.offset % available;
  return { offset, pages: Math.min(area.pages, available - offset) };
}

function documentOf(
  plan: DumpPlan,
  files: readonly BuiltFile[],
  domains: readonly BuiltDomain[],
  regionSize: number,
): Json {
  let file = 0;
  const iommufds = plan.iommufds.map((iommufd) => {
    const { areas, filesUsed } = areasOf(iommufd, files.slice(file));
    const own = files.slice(file, file + filesUsed);
    file += filesUsed;
    let taken = 0;
    const ioases = areas.map((list, i) => ({
      id: i + 1,
      ...(plan.handles ? { pinnedFileHandle: list.length === 0 ? 0n : BigInt(own[taken++]?.ino ?? 0) } : {}),
      areas: list.map(({ iova, pages, prot }, index) => ({
        index,
        iovaStart: BigInt(iova) * BigInt(PAGE),
        iovaLen: BigInt(pages) * BigInt(PAGE),
        iommuProt: prot,
      })),
    }));
    return { persistentId: BigInt(iommufd.persistentId), ioases };
  });
  return {
    generation: 'rfc-2024',
    ...(plan.ftraceCpus === 0 ? {} : { ftrace: ftraceJson(plan.ftraceCpus) }),
    domains: domains.map(({ persistentId, tables }, i) => ({
      persistentId: BigInt(persistentId),
      pgd: BigInt(tables.root),
      agaw: tables.levels - 2,
      mem: Array.from({ length: tables.pages }, (_, page) => record(tables.address(page), PAGE)),
      devices: [
        { bus: i, devfn: 8 },
        { bus: i, devfn: 0x10 + i },
      ],
    })),
    guestmemfs: {
      fsMem: { addr: BigInt(LAYOUT.region) | 1n, len: BigInt(regionSize) },
      superblock: [
        record(LAYOUT.superblock, 40),
        record(LAYOUT.inodes, 0x200000),
        record(LAYOUT.bitmap, 0x100000),
      ],
      mappingsBlocks: files.map(({ mappingPage }) => record(mappingPage, PAGE)),
      mappingsToInode: record(LAYOUT.index, PAGE),
      numInodes: BigInt(files.length),
    },
    iommufds,
  };
}

function ftraceJson(cpus: number): Json {
  return {
    events: [
      { fingerprint: 1, type: 1 },
      { fingerprint: 0xdeadbeef, type: 300 },
    ],
    globalTrace: {
      traceFlags: 0x1001,
      cpus: Array.from({ length: cpus }, (_, cpu) => ({
        id: cpu,
        cpu,
        mem: Array.from({ length: 3 }, (_, i) => cpu * 3 + i).flatMap((page) => [
          record(LAYOUT.descriptors + page * 64, 64),
          record(LAYOUT.ring + page * PAGE, PAGE),
        ]),
      })),
    },
  };
}

function record(address: number, length: number): KhoMem {
  return { addr: BigInt(address), len: BigInt(length) };
}

function guestmemfsSegments(files: readonly BuiltFile[]): MemorySegment[] {
  const inodes = new Map<number, GuestmemfsInode>();
  const name = (text: string): Uint8Array => textToBytes(text, freeInode(1).filename.length);
  const { directMap } = LAYOUT;
  inodes.set(1, {
    ...freeInode(1),
    flags: 2,
    childIno: BigInt(files.at(-1)?.ino ?? 0),
    filename: name('.'),
  });
  files.forEach((file, i) => {
    inodes.set(file.ino, {
      ...freeInode(file.ino),
      flags: 1,
      siblingIno: BigInt(files[i - 1]?.ino ?? 0),
      filename: name(file.name),
      mappings: directMap + BigInt(file.mappingPage),
      numMappings: file.blocks,
      longTermPins: file.pins,
    });
  });
  const blocksOf = ({ firstBlock, blocks }: BuiltFile): bigint[] =>
    Array.from({ length: blocks }, (_, i) => BigInt(firstBlock + i));
  const wholePage = (bytes: Uint8Array): Uint8Array => {
    const page = new Uint8Array(PAGE);
    page.set(bytes);
    return page;
  };
  const table = new Uint8Array(0x200000);
  table.set(inodeTableBytes(inodes));
  return [
    {
      address: LAYOUT.superblock,
      bytes: superblockBytes({
        nextFreeIno: BigInt(files.length + 2),
        allocatedInodes: BigInt(files.length),
        inodes: directMap + BigInt(LAYOUT.inodes),
        allocatorBitmap: directMap + BigInt(LAYOUT.bitmap),
        allocationLock: 0,
        serialised: 1,
        padding: new Uint8Array(3),
      }),
    },
    { address: LAYOUT.inodes, bytes: table },
    { address: LAYOUT.bitmap, bytes: bitmapBytes(files.flatMap(blocksOf)) },
    { address: LAYOUT.index, bytes: wholePage(indexBytes(files.map(({ ino }) => ino))) },
    ...files.map((file) => ({ address: file.mappingPage, bytes: wholePage(mappingBytes(blocksOf(file))) })),
  ];
}
