/** Every field of every record of a dump. */
import type { Handover } from '../src/abi/model.js';
import type { LuoSession, VmallocArea } from '../src/abi/upstream/model.js';
import type { PhysicalMemory } from '../src/memory/physical.js';
import { guestmemfsInode, guestmemfsSb, mappingBlock, mappingInode } from '../src/records/guestmemfs.js';
import { khoKexecMetadata } from '../src/records/kexec_metadata.js';
import { khoDataRfc2024, khoMem, setupData } from '../src/records/kho.js';
import { khoBlockHeaderSer } from '../src/records/kho_block.js';
import { khoserMemBitmapPtr, khoserMemChunkHdr } from '../src/records/kho_map.js';
import { khoTestFolio } from '../src/records/kho_test.js';
import {
  luoFileSer,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../src/records/luo.js';
import { memfdLuoFolioSer, memfdLuoSer, memfdLuoSerV1 } from '../src/records/memfd.js';
import { khoVmallocHdr } from '../src/records/vmalloc.js';
import { fieldsOf, type Site } from './fields.js';
import { tableSites } from './table-sites.js';
import { treeSites } from './tree-sites.js';

/** Entries taken of a list of one kind, spread over it. */
const SAMPLE = 24;

export function sitesOf(handover: Handover, memory: PhysicalMemory): Site[] {
  const { tree, fdtAddress, subtrees = [] } = handover;
  const sites: Site[] = [];
  if (tree !== undefined && fdtAddress !== undefined) sites.push(...treeSites(tree, Number(fdtAddress)));
  for (const { tree: blob, address } of subtrees) {
    if (blob !== undefined && address !== undefined) sites.push(...treeSites(blob, Number(address)));
  }
  sites.push(
    ...(handover.generation === 'rfc-2024' ? rfcSites(handover, memory) : upstreamSites(handover, memory)),
  );
  return sites;
}

function word(name: string, kind: Site['kind'], address: number, width = 64): Site {
  return { name, kind, address, bit: 0, width, endian: 'le' };
}

/** Some of a list, from its whole length. */
function* spread<T>(list: ArrayLike<T>): Generator<T> {
  const step = Math.max(1, Math.floor(list.length / SAMPLE));
  for (let i = 0; i < list.length; i += step) {
    const item = list[i];
    if (item !== undefined) yield item;
  }
}

function* upstreamSites(handover: Handover, memory: PhysicalMemory): Generator<Site> {
  const { preservedMap, luo, kexecMetadata, khoTest, pageSize } = handover;
  const heads = new Set((preservedMap?.chunks ?? []).map(({ address }) => Number(address)));
  for (const { address, pointers } of preservedMap?.chunks ?? []) {
    yield* fieldsOf(khoserMemChunkHdr, Number(address));
    for (let i = 0; i < pointers.length; i++) {
      yield* fieldsOf(khoserMemBitmapPtr, Number(address) + 16 + i * 16);
    }
  }
  for (const page of preservedMap?.pages ?? []) {
    if (!heads.has(page)) yield* mapPageSites(page, pageSize, preservedMap?.form === 'radix', memory);
  }
  if (kexecMetadata?.origin?.address !== undefined) {
    yield* fieldsOf(khoKexecMetadata, Number(kexecMetadata.origin.address));
  }
  if (khoTest?.area !== undefined) {
    yield* areaSites(khoTest.area);
    const [run] = khoTest.area.runs;
    for (let i = 0; i < (khoTest.folios?.length ?? 0) && run !== undefined; i++) {
      yield* fieldsOf(khoTestFolio, run + i * 8);
    }
  }
  if (luo !== undefined) yield* luoSites(handover);
}

/** A node's slots, or words of a leaf or bitmap: some that are used, and some that are not. */
function* mapPageSites(
  page: number,
  pageSize: number,
  radix: boolean,
  memory: PhysicalMemory,
): Generator<Site> {
  const bytes = new Uint8Array(pageSize);
  const known = memory.read(page, pageSize, bytes);
  const view = new DataView(bytes.buffer);
  const used: number[] = [];
  for (let at = 0; at + 8 <= known; at += 8) if (view.getBigUint64(at, true) !== 0n) used.push(at);
  // A page of slots holds page addresses alone.
  const node = radix && used.every((at) => view.getUint16(at, true) % 4096 === 0);
  for (const at of spread(used)) {
    yield word(
      node ? 'kho_radix_node.table[i], used' : 'bitmap word, used',
      node ? 'pointer' : 'bitmap',
      page + at,
    );
  }
  yield word(
    node ? 'kho_radix_node.table[i], 0' : 'bitmap word, 0',
    node ? 'pointer' : 'bitmap',
    page + pageSize - 16,
  );
}

function* areaSites({ chunks, runs }: VmallocArea): Generator<Site> {
  let left = runs.length;
  for (const chunk of chunks) {
    yield* fieldsOf(khoVmallocHdr, chunk);
    for (let i = 0; i < Math.min(left, SAMPLE); i++)
      yield word('kho_vmalloc_chunk.phys[i]', 'pointer', chunk + 8 + i * 8);
    left = Math.max(0, left - 511);
  }
}

function* luoSites({ luo }: Handover): Generator<Site> {
  if (luo === undefined) return;
  const { origin, version, sessionsAddress, sessionBlocks, flbsAddress, flbs = [], sessions = [] } = luo;
  const record = version !== 'luo-v1' && version !== 'luo-v2';
  if (record && origin?.address !== undefined) yield* fieldsOf(luoSer, Number(origin.address));
  for (const { address } of sessionBlocks ?? []) yield* fieldsOf(khoBlockHeaderSer, Number(address));
  if (sessionBlocks === undefined && sessionsAddress !== undefined && sessionsAddress !== 0n) {
    yield* fieldsOf(luoSessionHeaderSer, Number(sessionsAddress));
  }
  if (flbsAddress !== undefined && flbsAddress !== 0n) {
    yield* fieldsOf(luoFlbHeaderSer, Number(flbsAddress));
    for (let i = 0; i < flbs.length; i++) yield* fieldsOf(luoFlbSer, Number(flbsAddress) + 16 + i * 64);
  }
  for (const session of spread(sessions)) yield* sessionSites(session, record);
}

function* sessionSites({ origin, fileBlocks, files = [] }: LuoSession, record: boolean): Generator<Site> {
  if (origin.address !== undefined)
    yield* fieldsOf(record ? luoSessionSer : luoSessionSerV1, Number(origin.address));
  for (const { address } of fileBlocks ?? []) yield* fieldsOf(khoBlockHeaderSer, Number(address));
  for (const { origin: at, memfd } of spread(files)) {
    if (at.address !== undefined) yield* fieldsOf(luoFileSer, Number(at.address));
    if (memfd?.origin.address === undefined) continue;
    yield* fieldsOf(memfd.seals === undefined ? memfdLuoSerV1 : memfdLuoSer, Number(memfd.origin.address));
    yield* areaSites(memfd.area);
    const [run] = memfd.area.runs;
    const count = Math.min(SAMPLE, Number(memfd.nrFolios));
    for (let i = 0; i < count && run !== undefined; i++) yield* fieldsOf(memfdLuoFolioSer, run + i * 16);
  }
}

function* rfcSites(handover: Handover, memory: PhysicalMemory): Generator<Site> {
  const { setupData: boot, guestmemfs, memCache } = handover;
  if (boot !== undefined) {
    yield* fieldsOf(setupData, Number(boot.element));
    yield* fieldsOf(khoDataRfc2024, Number(boot.element) + (setupData.size ?? 16));
  }
  const cache = boot?.rfc2024?.memCacheAddr;
  if (cache !== undefined) {
    for (let i = 0; i < [...(memCache ?? [])].length; i++)
      yield* fieldsOf(khoMem, Number(cache) + i * 16, 'mem cache');
  }
  const [sb, inodes, bitmap] = [...(guestmemfs?.superblock ?? [])].map(({ addr }) => Number(addr));
  if (sb !== undefined) yield* fieldsOf(guestmemfsSb, sb);
  if (inodes !== undefined) {
    yield* fieldsOf(guestmemfsInode, inodes, 'guestmemfs_inode (root)');
    for (const { ino } of guestmemfs?.files ?? []) {
      yield* fieldsOf(guestmemfsInode, inodes + (Number(ino) - 1) * (guestmemfsInode.size ?? 0));
    }
  }
  if (bitmap !== undefined) yield word('bitmap', 'bitmap', bitmap, 8);
  for (const { addr } of guestmemfs?.mappingsBlocks ?? []) {
    for (let i = 0; i < 3; i++) yield* fieldsOf(mappingBlock, Number(addr) + i * 8);
  }
  const index = guestmemfs?.mappingsToInode?.addr;
  for (let i = 0; index !== undefined && i < (guestmemfs?.files?.length ?? 0); i++) {
    yield* fieldsOf(mappingInode, Number(index) + i * 4);
  }
  for (const domain of handover.domains ?? []) yield* tableSites(domain, memory);
}
