/** The records of Linux 6.16 and later behind the tree: the map, the riders' blobs, and what these lead to. */
import type { Handover } from '../abi/model.js';
import type { Luo, LuoFile, LuoSession, Memfd, VmallocArea } from '../abi/upstream/model.js';
import { draftFile, draftFlb } from '../decode/upstream/drafts.js';
import { createReporter } from '../decode/upstream/report.js';
import { areaAddress, vmallocCapacity } from '../decode/upstream/vmalloc.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { KHO_BLOCK_HEADER_SER_SIZE } from '../records/kho_block.js';
import { KHOSER_MEM_BITMAP_PTR_SIZE, KHOSER_MEM_CHUNK_HDR_SIZE } from '../records/kho_map.js';
import { KHO_TEST_FOLIO_SIZE } from '../records/kho_test.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_FLB_HEADER_SER_SIZE,
  LUO_FLB_SER_SIZE,
  LUO_SER_V2_SIZE,
  LUO_SESSION_HEADER_SER_SIZE,
  LUO_SESSION_SER_SIZE,
  LUO_SESSION_SER_V1_SIZE,
} from '../records/luo.js';
import { MEMFD_LUO_FOLIO_SER_SIZE, MEMFD_LUO_SER_SIZE, MEMFD_LUO_SER_V1_SIZE } from '../records/memfd.js';
import { KHO_VMALLOC_HDR_SIZE } from '../records/vmalloc.js';
import { bytesToText } from '../schema/text.js';
import type { TrimParts } from './parts.js';

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;

/** Collects the records that the tree leads to, and the guest memory that they describe. */
export function collectUpstream(handover: Handover, memory: PhysicalMemory, parts: TrimParts): void {
  const { subtrees = [], memblock, khoTest, luo, pageSize } = handover;
  collectMap(handover, parts);
  for (const { address, blob } of subtrees) {
    if (address !== undefined) parts.records.add(address, blob?.length ?? 0);
  }
  for (const { start, size } of memblock?.regions ?? []) {
    if (start !== undefined && size !== undefined) addGuest(parts, Number(start), Number(size));
  }
  if (khoTest?.area !== undefined) {
    const { area, folios } = khoTest;
    collectArea(area, (folios?.length ?? 0) * KHO_TEST_FOLIO_SIZE, memory, pageSize, parts);
  }
  for (const { address, order } of khoTest?.folios ?? []) {
    addGuest(parts, Number(address), pageSize * 2 ** order);
  }
  if (luo !== undefined) collectLuo(luo, handover, memory, parts);
}

function addGuest({ guest }: TrimParts, start: number, size: number): void {
  guest.add(start, Math.min(size, PHYSICAL_LIMIT));
}

/** Chunks up to their last pointer, bitmaps, nodes and leaves of the radix tree. */
function collectMap({ preservedMap, pageSize }: Handover, { records, zeroed }: TrimParts): void {
  if (preservedMap === undefined) return;
  const { chunks, bitmapSize, pages } = preservedMap;
  const heads = new Set((chunks ?? []).map(({ address }) => Number(address)));
  for (const { address, pointers } of chunks ?? []) {
    records.add(address, KHOSER_MEM_CHUNK_HDR_SIZE + pointers.length * KHOSER_MEM_BITMAP_PTR_SIZE);
    zeroed.add(address, pageSize);
  }
  for (const page of pages) if (!heads.has(page)) records.add(page, bitmapSize ?? pageSize);
}

/** The list pages up to the end of their lists, and the first `length` bytes of the area itself. */
function collectArea(
  area: VmallocArea,
  length: number,
  memory: PhysicalMemory,
  pageSize: number,
  { records, zeroed }: TrimParts,
): void {
  const slots = new Float64Array(vmallocCapacity(pageSize));
  const bytes = new Uint8Array(slots.length * ADDRESS);
  const words = new Uint32Array(bytes.buffer);
  for (const chunk of area.chunks) {
    const known = Math.floor(memory.read(chunk + KHO_VMALLOC_HDR_SIZE, bytes.length, bytes) / ADDRESS);
    let used = 0;
    while (used < known && ((words[2 * used] ?? 0) | (words[2 * used + 1] ?? 0)) !== 0) used++;
    records.add(chunk, KHO_VMALLOC_HDR_SIZE + used * ADDRESS);
    zeroed.add(chunk, pageSize);
  }
  for (let offset = 0; offset < length; offset += area.runSize) {
    records.add(areaAddress(area, offset), Math.min(area.runSize, length - offset));
  }
}

function collectLuo(luo: Luo, handover: Handover, memory: PhysicalMemory, parts: TrimParts): void {
  const { records } = parts;
  if (luo.abiHeader !== undefined) records.add(luo.abiHeader, LUO_SER_V2_SIZE);
  const isList = luo.version === 'luo-v4' || luo.version === 'luo-v5';
  if (luo.sessionCount !== undefined) records.add(luo.sessionsAddress ?? 0n, LUO_SESSION_HEADER_SER_SIZE);
  collectBlocks(luo.sessionBlocks, handover, parts);
  const sessionSize = isList ? LUO_SESSION_SER_SIZE : LUO_SESSION_SER_V1_SIZE;
  for (const session of luo.sessions ?? []) {
    if (session.origin.address !== undefined) records.add(session.origin.address, sessionSize);
    collectBlocks(session.fileBlocks, handover, parts);
    collectFiles(session, handover, memory, parts);
  }
  if (luo.flbCount === undefined) return;
  records.add(luo.flbsAddress ?? 0n, LUO_FLB_HEADER_SER_SIZE);
  const draft = draftMemory(memory, handover.pageSize, parts);
  for (const { name, data, draft: known, origin } of luo.flbs ?? []) {
    if (origin.address !== undefined) records.add(origin.address, LUO_FLB_SER_SIZE);
    if (known !== undefined) draftFlb(draft, bytesToText(name).text, data);
  }
}

function collectBlocks(
  blocks: Luo['sessionBlocks'],
  { pageSize }: Handover,
  { records, zeroed }: TrimParts,
): void {
  for (const { address } of blocks ?? []) {
    records.add(address, KHO_BLOCK_HEADER_SER_SIZE);
    zeroed.add(address, pageSize);
  }
}

function collectFiles(
  { files = [] }: LuoSession,
  handover: Handover,
  memory: PhysicalMemory,
  parts: TrimParts,
): void {
  for (const file of files) {
    const { memfd, origin } = file;
    if (origin.address !== undefined) parts.records.add(origin.address, LUO_FILE_SER_SIZE);
    if (memfd !== undefined) collectMemfd(memfd, handover, memory, parts);
    else if (file.draft !== undefined) collectDraftFile(file, handover, memory, parts);
  }
}

function collectMemfd(memfd: Memfd, handover: Handover, memory: PhysicalMemory, parts: TrimParts): void {
  const { version, area, folios, origin } = memfd;
  const { pageSize, preserved } = handover;
  const size = version === 'memfd-v1' ? MEMFD_LUO_SER_V1_SIZE : MEMFD_LUO_SER_SIZE;
  if (origin.address !== undefined) parts.records.add(origin.address, size);
  collectArea(area, folios.length * MEMFD_LUO_FOLIO_SER_SIZE, memory, pageSize, parts);
  for (const { pfn, count, step } of folios.runs()) {
    // The last folio's size is that of its preserved block.
    const last = Number(pfn) + (count - 1) * step;
    const order = preserved?.pages?.ordersAt(last).at(-1) ?? 0;
    const pages = (count - 1) * step + 2 ** order;
    addGuest(parts, Number(pfn) * pageSize, pages * pageSize);
  }
}

function collectDraftFile(
  { compatible, data }: LuoFile,
  { pageSize }: Handover,
  memory: PhysicalMemory,
  parts: TrimParts,
): void {
  draftFile(draftMemory(memory, pageSize, parts), bytesToText(compatible).text, data, 'a file');
}

/** Drafts give no origins: their decoders are run once more, and what they read is what they decode. */
function draftMemory(memory: PhysicalMemory, pageSize: number, { records }: TrimParts) {
  const watched: PhysicalMemory = {
    ...memory,
    read(address, length, into) {
      const known = memory.read(address, length, into);
      if (physicalAddress(address) !== undefined) records.add(address, known);
      return known;
    },
  };
  return { memory: watched, pageSize, reporter: createReporter([], memory), claimed: new Set<number>() };
}
