/** The records of Linux 6.16 and later behind the tree, as the model knows where they lie. */
import type { Handover } from '../abi/model.js';
import type { BlockInfo, Luo, LuoSession, Memfd, VmallocArea } from '../abi/upstream/model.js';
import { khoTestInline, khoTestVmalloc, luoV1, luoV2, memblockV1 } from '../abi/upstream/riders.js';
import { blockCapacity } from '../decode/upstream/blocks.js';
import { fileCapacity, flbCapacity, sessionCapacity } from '../decode/upstream/luo.js';
import { areaAddress, vmallocCapacity } from '../decode/upstream/vmalloc.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { KHO_KEXEC_METADATA_SIZE, khoKexecMetadata } from '../records/kexec_metadata.js';
import { SETUP_DATA_SIZE } from '../records/kho.js';
import { khoBlockHeaderSer } from '../records/kho_block.js';
import {
  KHOSER_MEM_BITMAP_PTR_SIZE,
  KHOSER_MEM_CHUNK_HDR_SIZE,
  khoRadixNode,
  khoserMemBitmapPtr,
  khoserMemChunkHdr,
} from '../records/kho_map.js';
import { khoData, khoScratch } from '../records/kho_root.js';
import { KHO_TEST_FOLIO_SIZE, khoTestFolio } from '../records/kho_test.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_SESSION_SER_SIZE,
  luoFileSer,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSerV2,
  luoSerV3,
  luoSerV4,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../records/luo.js';
import { MEMFD_LUO_FOLIO_SER_SIZE, memfdLuoFolioSer, memfdLuoSer, memfdLuoSerV1 } from '../records/memfd.js';
import { KHO_VMALLOC_HDR_SIZE, khoVmallocChunk, khoVmallocHdr } from '../records/vmalloc.js';
import type { RecordType } from '../schema/record.js';
import { bytesToText } from '../schema/text.js';
import { addBlob } from './blobs.js';
import { elementRecord } from './element.js';
import { addRecord, type InstanceSink, sampled } from './instance.js';

const run = elementRecord(khoVmallocChunk, 'phys');
const slot = elementRecord(khoRadixNode, 'table');

/** Adds what the tree of an upstream handover leads to. */
export function addUpstream(
  sink: InstanceSink,
  handover: Handover,
  memory: PhysicalMemory | undefined,
): void {
  const { subtrees = [], kexecMetadata, luo } = handover;
  addBoot(sink, handover);
  addMap(sink, handover, memory);
  for (const { name = '', address, blob, tree } of subtrees) {
    if (address === undefined || blob === undefined) continue;
    if (tree !== undefined)
      addBlob(sink, { address: Number(address), bytes: blob, rider: name }, riderBinding(handover, name));
  }
  if (kexecMetadata?.origin?.address !== undefined) {
    addRecord(sink, khoKexecMetadata, kexecMetadata.origin.address, 'kexec-metadata', {
      length: KHO_KEXEC_METADATA_SIZE,
    });
  }
  if (handover.khoTest?.area !== undefined) addTest(sink, handover);
  if (luo !== undefined) addLuo(sink, luo, handover);
}

/** The binding of a rider that is a tree. */
export function riderBinding({ luo, khoTest }: Handover, name: string | undefined) {
  if (name === 'memblock') return memblockV1;
  if (name === 'kho_test') return khoTest?.foliosInline === undefined ? khoTestVmalloc : khoTestInline;
  if (name === 'LUO') return luo?.version === 'luo-v2' ? luoV2 : luoV1;
  return undefined;
}

function addBoot(sink: InstanceSink, { setupData, scratch }: Handover): void {
  if (setupData?.khoData === undefined) return;
  addRecord(sink, khoData, setupData.element + BigInt(SETUP_DATA_SIZE), 'setup_data of type 10');
  const size = khoScratch.size ?? 0;
  for (const [i] of (scratch ?? []).entries()) {
    addRecord(sink, khoScratch, setupData.khoData.scratchAddr + BigInt(i * size), `scratch region ${i}`, {
      list: 'scratch',
    });
  }
}

function addMap(
  sink: InstanceSink,
  { preservedMap, pageSize }: Handover,
  memory: PhysicalMemory | undefined,
): void {
  if (preservedMap === undefined) return;
  for (const [i, { address, pointers }] of (preservedMap.chunks ?? []).entries()) {
    const what = `chunk ${i} of the map`;
    sink.pages.push({ address: Number(address), chain: 'map chunks', what });
    addRecord(sink, khoserMemChunkHdr, address, what, {
      list: 'map chunks',
      capacity: Math.floor((pageSize - KHOSER_MEM_CHUNK_HDR_SIZE) / KHOSER_MEM_BITMAP_PTR_SIZE),
      length: pointers.length,
    });
    for (const j of sampled(pointers.length, sink.limits.list)) {
      const at = Number(address) + KHOSER_MEM_CHUNK_HDR_SIZE + j * KHOSER_MEM_BITMAP_PTR_SIZE;
      addRecord(sink, khoserMemBitmapPtr, at, `${what} bitmap ${j}`, { list: 'bitmaps' });
    }
  }
  if (preservedMap.form !== 'radix') {
    const heads = new Set((preservedMap.chunks ?? []).map(({ address }) => Number(address)));
    const length = preservedMap.bitmapSize ?? pageSize;
    for (const address of preservedMap.pages) {
      if (!heads.has(address)) sink.bitmaps.push({ address, length, what: 'a bitmap of the map' });
    }
    return;
  }
  for (const [i, address] of preservedMap.pages.entries()) {
    sink.pages.push({ address, chain: 'radix tree', what: i === 0 ? 'the radix root' : `radix page ${i}` });
  }
  if (memory !== undefined) addSlots(sink, preservedMap.pages, memory, pageSize);
}

/** Slots that point to another page of the tree; a leaf has none, but for bits that look like it. */
function addSlots(sink: InstanceSink, pages: Float64Array, memory: PhysicalMemory, pageSize: number): void {
  const known = new Set(pages);
  const bytes = new Uint8Array(pageSize);
  const view = new DataView(bytes.buffer);
  let taken = 0;
  for (const page of pages) {
    // The slots of all nodes are one list.
    if (taken >= sink.limits.list) return;
    if (memory.read(page, pageSize, bytes) < pageSize) continue;
    for (let i = 0; i < pageSize / 8 && taken < sink.limits.list; i++) {
      const value = Number(view.getBigUint64(i * 8, true));
      if (value === 0 || !known.has(value)) continue;
      addRecord(sink, slot, page + i * 8, `slot ${i} of the radix node at 0x${page.toString(16)}`, {
        // Of one node, which stays where it is: what hangs below another slot may be lost with it.
        list: `slots of ${page}`,
      });
      taken++;
    }
  }
}

function addArea(sink: InstanceSink, area: VmallocArea, owner: string, pageSize: number): void {
  for (const [i, chunk] of area.chunks.entries()) {
    const what = `list page ${i} of ${owner}`;
    sink.pages.push({ address: chunk, chain: `list of ${owner}`, what });
    addRecord(sink, khoVmallocHdr, chunk, what, { list: 'list pages', capacity: vmallocCapacity(pageSize) });
    const capacity = vmallocCapacity(pageSize);
    for (const j of sampled(Math.min(area.runs.length - i * capacity, capacity), sink.limits.list)) {
      addRecord(sink, run, chunk + KHO_VMALLOC_HDR_SIZE + j * 8, `run ${j} of ${owner}`, {
        list: `runs of ${owner}`,
      });
    }
  }
}

function addTest(sink: InstanceSink, { khoTest, pageSize }: Handover): void {
  if (khoTest?.area === undefined) return;
  addArea(sink, khoTest.area, 'kho_test', pageSize);
  for (const i of sampled(khoTest.folios?.length ?? 0, sink.limits.list)) {
    addRecord(sink, khoTestFolio, areaAddress(khoTest.area, i * KHO_TEST_FOLIO_SIZE), `kho_test folio ${i}`, {
      list: 'kho_test folios',
    });
  }
}

function addLuo(sink: InstanceSink, luo: Luo, handover: Handover): void {
  const { pageSize } = handover;
  if (luo.version === 'luo-v2' && luo.abiHeader !== undefined)
    addRecord(sink, luoSerV2, luo.abiHeader, 'luo_ser');
  const head = { 'luo-v3': luoSerV3, 'luo-v4': luoSerV4, 'luo-v5': luoSer }[String(luo.version) as 'luo-v5'];
  if (head !== undefined && luo.origin?.address !== undefined) {
    addRecord(sink, head as RecordType<unknown>, luo.origin.address, 'LUO', { list: 'luo' });
  }
  if (luo.sessionCount !== undefined && luo.sessionsAddress !== undefined) {
    addRecord(sink, luoSessionHeaderSer, luo.sessionsAddress, 'the session area', {
      capacity: sessionCapacity(pageSize),
      length: luo.sessions?.length ?? 0,
    });
  }
  const sessions = luo.sessions ?? [];
  addBlocks(sink, luo.sessionBlocks ?? [], 'sessions', blockCapacity(pageSize, LUO_SESSION_SER_SIZE));
  const record = luo.sessionBlocks === undefined ? luoSessionSerV1 : luoSessionSer;
  for (const [i, session] of sessions.entries())
    addSession(sink, record as RecordType<unknown>, session, i, handover);
  if (luo.flbsAddress === undefined || luo.flbCount === undefined) return;
  addRecord(sink, luoFlbHeaderSer, luo.flbsAddress, 'the FLB page', {
    capacity: flbCapacity(pageSize),
    length: luo.flbs?.length ?? 0,
  });
  for (const { name, origin } of luo.flbs ?? []) {
    if (origin.address !== undefined)
      addRecord(sink, luoFlbSer, origin.address, `FLB "${bytesToText(name).text}"`, { list: 'flbs' });
  }
}

function addBlocks(sink: InstanceSink, blocks: readonly BlockInfo[], of: string, capacity: number): void {
  for (const [i, { address, count }] of blocks.entries()) {
    const what = `block ${i} of ${of}`;
    sink.pages.push({ address: Number(address), chain: `blocks of ${of}`, what });
    addRecord(sink, khoBlockHeaderSer, address, what, {
      list: `blocks of ${of}`,
      capacity,
      length: Number(count),
    });
  }
}

function addSession(
  sink: InstanceSink,
  record: RecordType<unknown>,
  session: LuoSession,
  index: number,
  handover: Handover,
): void {
  const { files = [], fileBlocks, origin } = session;
  const { pageSize } = handover;
  const name = bytesToText(session.name).text;
  const what = name === '' ? `session ${index}` : `session "${name}"`;
  const capacity =
    fileBlocks === undefined ? fileCapacity(pageSize) : blockCapacity(pageSize, LUO_FILE_SER_SIZE);
  if (origin.address !== undefined)
    addRecord(sink, record, origin.address, what, { list: 'sessions', capacity, length: files.length });
  addBlocks(sink, fileBlocks ?? [], `files of ${what}`, capacity);
  for (const [i, file] of files.entries()) {
    const name = `${what} file ${i}`;
    if (file.origin.address !== undefined)
      addRecord(sink, luoFileSer, file.origin.address, name, { list: `files of ${what}` });
    if (file.memfd !== undefined) addMemfd(sink, file.memfd, name, pageSize);
  }
}

function addMemfd(sink: InstanceSink, memfd: Memfd, file: string, pageSize: number): void {
  const { version, area, folios, origin } = memfd;
  const record = version === 'memfd-v1' ? memfdLuoSerV1 : memfdLuoSer;
  const room = Math.floor((area.runs.length * area.runSize) / MEMFD_LUO_FOLIO_SER_SIZE);
  if (origin.address !== undefined) {
    addRecord(sink, record as RecordType<unknown>, origin.address, `memfd of ${file}`, {
      list: 'memfds',
      capacity: room,
      length: folios.length,
    });
  }
  addArea(sink, area, `the folios of ${file}`, pageSize);
  for (const i of sampled(folios.length, sink.limits.list)) {
    addRecord(
      sink,
      memfdLuoFolioSer,
      areaAddress(area, i * MEMFD_LUO_FOLIO_SER_SIZE),
      `folio ${i} of ${file}`,
      { list: `folios of ${file}` },
    );
  }
}
