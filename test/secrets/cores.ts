/** Whole cores whose bytes a test changes: where their records are, and where nothing is told. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Handover } from '../../src/abi/model.js';
import { areaAddress } from '../../src/decode/upstream/vmalloc.js';
import {
  contextEntry,
  pasidDirEntry,
  pasidEntry,
  rootEntry,
  scalableContextEntry,
  scalableRootEntry,
} from '../../src/records/vtd.js';
import { addReferences } from '../../src/references/references.js';
import type { RecordArray, ReferenceSink } from '../../src/references/sink.js';
import type { RecordType } from '../../src/schema/record.js';
import { believing } from '../../src/trim/believed-bytes.js';
import { createRangeCollector, union } from '../../src/trim/byte-ranges.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { decodeFound } from '../trim/canary.js';
import { value } from '../validate/upstream-patches.js';
import { type Canary, plant } from './canaries.js';

export const PAGE = 4096;

/** A core as a file, and what is where in it. */
export interface Core {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly handover: Handover;
  /** Half-open ranges of physical addresses that are records. */
  readonly records: readonly (readonly [start: number, end: number])[];
  /** Pages that hold records. */
  readonly pages: readonly number[];
  /** Fields that say how much there is of something. */
  readonly sizes: readonly SizeField[];
  /** Fields of text. */
  readonly texts: readonly SizeField[];
  readonly segments: readonly Segment[];
  /** Where in the file a physical address is. */
  offsetOf(address: number): number | undefined;
}

/** Of a program header what says where memory is in the file. */
interface Segment {
  readonly address: number;
  readonly fileSize: number;
  readonly offset: number;
}

/** PT_LOAD headers of a core of 64 bits with fewer than 65535. */
function segmentsOf(bytes: Uint8Array): Segment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = Number(view.getBigUint64(32, true));
  return Array.from({ length: view.getUint16(56, true) }, (_, i) => at + 56 * i)
    .filter((header) => view.getUint32(header, true) === 1)
    .map((header) => ({
      offset: Number(view.getBigUint64(header + 8, true)),
      address: Number(view.getBigUint64(header + 24, true)),
      fileSize: Number(view.getBigUint64(header + 32, true)),
    }));
}

/** A number that a record, or a property of a tree, has of something. */
export interface SizeField {
  readonly name: string;
  readonly address: number;
  /** Bytes. */
  readonly width: number;
}

/** Cores among the fixtures, of every generation. */
export function coreNames(): string[] {
  return readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.elf.gz') && !name.startsWith('hostile'))
    .filter((name) => !name.includes('vtd') && !name.includes('vmcore'))
    .sort();
}

export function openCore(name: string): Core {
  const bytes = gunzip(fileBytes(join(fixtures, name)));
  const memory = coreMemory(bytes);
  const handover = decodeFound(memory);
  const { tree, fdtAddress = 0n } = handover;
  const root = tree === undefined ? undefined : { address: Number(fdtAddress), bytes: tree.bytes };
  const { sink, finish } = believing(handover, root, memory);
  const sizes: SizeField[] = [];
  const texts: SizeField[] = [];
  const tables = new Set<number>();
  addReferences(listening(sink, { sizes, texts, tables }), handover, root, memory);
  const believed = finish();
  const inTables = createRangeCollector();
  for (const table of tables) inTables.add(table, PAGE);
  const { starts, ends, count } = union(believed, inTables.finish());
  const records = Array.from({ length: count }, (_, i) => [starts[i] ?? 0, ends[i] ?? 0] as const);
  const pages = new Set<number>();
  for (let i = 0; i < believed.count; i++) {
    const start = believed.starts[i] ?? 0;
    for (let page = pageOf(start); page < (believed.ends[i] ?? 0); page += PAGE)
      if (!tables.has(page)) pages.add(page);
  }
  for (const { name: node = '', size } of handover.subtrees ?? [])
    if (size !== undefined)
      sizes.push({
        name: `blob-size of ${node}`,
        address: Number(value(handover, `/${node}`, 'blob-size')),
        width: 8,
      });
  const segments = segmentsOf(bytes);
  return {
    name,
    bytes,
    handover,
    records,
    pages: [...pages].sort((a, b) => a - b),
    sizes,
    texts,
    segments,
    offsetOf(address) {
      for (const segment of segments) {
        const within = address - segment.address;
        if (within >= 0 && within < segment.fileSize) return segment.offset + within;
      }
      return undefined;
    },
  };
}

const HARDWARE: ReadonlySet<unknown> = new Set([
  rootEntry,
  scalableRootEntry,
  contextEntry,
  scalableContextEntry,
  pasidDirEntry,
  pasidEntry,
]);

function pageOf(address: number): number {
  return address - (address % PAGE);
}

/** What is heard, besides. */
interface Heard {
  readonly sizes: SizeField[];
  readonly texts: SizeField[];
  /** Pages whose bytes are all of them what hardware or nobody reads as records. */
  readonly tables: Set<number>;
}

function listening(sink: ReferenceSink, { sizes, texts, tables }: Heard): ReferenceSink {
  const add = (record: RecordType<unknown>, address: number): void => {
    for (const { unit, bitOffset, bitWidth, kernelName, kind, text } of record.fields) {
      if (text === true && bitOffset !== undefined && bitWidth !== undefined)
        texts.push({
          name: `${record.name}.${kernelName}`,
          address: address + bitOffset / 8,
          width: bitWidth / 8,
        });
      if (unit !== 'count' && unit !== 'bytes' && unit !== 'pages') continue;
      if (kind !== 'uint' || bitOffset === undefined || bitWidth === undefined || bitWidth % 8 !== 0)
        continue;
      const width = bitWidth / 8;
      sizes.push({ name: `${record.name}.${kernelName}`, address: address + bitOffset / 8, width });
    }
  };
  return {
    ...sink,
    // What hardware reads has no bytes beside its entries, present or not.
    table(page) {
      sink.table(page);
      tables.add(page.address);
    },
    record(record, address, what, traits) {
      sink.record(record, address, what, traits);
      if (HARDWARE.has(record)) tables.add(pageOf(Number(address)));
      else add(record, Number(address));
    },
    array(array: RecordArray) {
      sink.array(array);
      // Of a list the first says it as any.
      const { record, at, count } = array;
      const first = Number(typeof at === 'object' ? areaAddress(at, 0) : at);
      if (HARDWARE.has(record)) tables.add(pageOf(first));
      else if (count > 0) add(record, first);
    },
    bytes(address, length) {
      sink.bytes(address, length);
      for (let page = pageOf(Number(address)); page < Number(address) + length; page += PAGE)
        tables.add(page);
    },
    blob(blob, binding) {
      sink.blob(blob, binding);
      // totalsize of a tree.
      sizes.push({ name: 'fdt_header.totalsize', address: blob.address + 4, width: 4 });
    },
  };
}

/** The core with canaries in all bytes that belong to no record; how many words they are. */
export function plantedAround(
  core: Core,
  canary: Canary,
): { readonly bytes: Uint8Array; readonly words: number } {
  const bytes = core.bytes.slice();
  let words = 0;
  for (const { address, fileSize, offset } of core.segments) {
    let at = address;
    const fill = (end: number): void => {
      if (end <= at) return;
      const part = bytes.subarray(offset + at - address, offset + end - address);
      words += plant(canary, part, at, words);
    };
    for (const [start, end] of core.records) {
      if (end <= address || start >= address + fileSize) continue;
      fill(start);
      at = Math.max(at, end);
    }
    fill(address + fileSize);
  }
  return { bytes, words };
}

/** The core with canaries in a page, from a byte of it on. */
export function plantedPage(core: Core, canary: Canary, page: number, kept = 0): Uint8Array {
  const bytes = core.bytes.slice();
  const offset = core.offsetOf(page);
  if (offset !== undefined) plant(canary, bytes.subarray(offset + kept, offset + PAGE), page + kept, page);
  return bytes;
}

/** A file with another number in it. */
export function withSize(
  core: Core,
  bytes: Uint8Array,
  { address, width }: SizeField,
  value: bigint,
): Uint8Array {
  const changed = bytes.slice();
  const offset = core.offsetOf(address);
  if (offset === undefined) return changed;
  for (let i = 0; i < width; i++) changed[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return changed;
}

/** The core with canaries after the end of each text. */
export function plantedTails(core: Core, canary: Canary): Uint8Array {
  const bytes = core.bytes.slice();
  for (const { address, width } of core.texts) {
    const offset = core.offsetOf(address);
    if (offset === undefined) continue;
    const end = bytes.indexOf(0, offset) + 1;
    if (end > 0 && end < offset + width)
      plant(canary, bytes.subarray(end, offset + width), address + end - offset, end);
  }
  return bytes;
}
