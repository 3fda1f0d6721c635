/** The records of Linux 6.16 and later that the tree leads to: the preserved map, the riders' blobs, and what these lead to. */
import type { Handover } from '../abi/model.js';
import type { KhoTest, Luo } from '../abi/upstream/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { KHO_KEXEC_METADATA_SIZE, khoKexecMetadata } from '../records/kexec_metadata.js';
import {
  KHOSER_MEM_BITMAP_PTR_SIZE,
  KHOSER_MEM_CHUNK_HDR_SIZE,
  khoserMemBitmapPtr,
  khoserMemChunkHdr,
} from '../records/kho_map.js';
import { khoTestFolio } from '../records/kho_test.js';
import { luoForm } from '../structures/luo/binding.js';
import { childTree } from '../structures/riders.js';
import type { Model } from '../structures/structure.js';
import { addArea } from './area.js';
import type { ReferenceContext, ReferenceSink } from './sink.js';
import { addKept, addTopStructures } from './structures.js';

/** Tells what the tree of an upstream handover leads to. */
export function addUpstream(sink: ReferenceSink, handover: Handover, memory: PhysicalMemory): void {
  const { subtrees = [], kexecMetadata, memblock, khoTest, luo, pageSize, preserved } = handover;
  const context = { sink, memory, pageSize, preserved: preserved?.pages };
  addMap(context, handover);
  for (const { name = '', address, blob, tree, known } of subtrees) {
    if (address === undefined || blob === undefined) continue;
    // Of a blob that is not a tree the records are told below; of an unknown one nothing says how long it is.
    if (tree === undefined) addRaw(context, address, blob, known === true);
    else sink.blob({ address: Number(address), bytes: blob, rider: name }, childTree(handover, name));
  }
  if (kexecMetadata?.origin?.address !== undefined && kexecMetadata.previousRelease !== undefined) {
    sink.record(khoKexecMetadata, kexecMetadata.origin.address, 'kexec-metadata', {
      length: KHO_KEXEC_METADATA_SIZE,
    });
  }
  for (const { start, size } of memblock?.regions ?? []) {
    if (start !== undefined && size !== undefined) sink.contents?.(start, Number(size));
  }
  if (khoTest !== undefined) addTest(context, khoTest);
  if (luo !== undefined) addLuo(context, luo);
  addTopStructures(context, handover);
}

function addRaw(
  { sink, pageSize }: ReferenceContext,
  address: bigint,
  { length }: Uint8Array,
  known: boolean,
) {
  const what = 'a blob';
  if (!known && length <= pageSize) sink.bytes(address, length);
  else sink.page({ address: Number(address), length, chain: 'blobs', what });
}

function addMap({ sink, pageSize }: ReferenceContext, { preservedMap }: Handover): void {
  if (preservedMap === undefined) return;
  const { form, pages, chunks = [], bitmapSize } = preservedMap;
  if (form === 'radix') {
    sink.radix(pages, pageSize);
    return;
  }
  for (const [i, { address, pointers }] of chunks.entries()) {
    const what = `chunk ${i} of the map`;
    sink.page({ address: Number(address), length: pageSize, chain: 'map chunks', what });
    sink.record(khoserMemChunkHdr, address, what, {
      list: 'map chunks',
      capacity: Math.floor((pageSize - KHOSER_MEM_CHUNK_HDR_SIZE) / KHOSER_MEM_BITMAP_PTR_SIZE),
      length: pointers.length,
    });
    sink.array({
      record: khoserMemBitmapPtr,
      count: pointers.length,
      at: address + BigInt(KHOSER_MEM_CHUNK_HDR_SIZE),
      what: (j) => `${what} bitmap ${j}`,
      traits: { list: 'bitmaps' },
    });
  }
  const heads = new Set(chunks.map(({ address }) => Number(address)));
  const length = bitmapSize ?? pageSize;
  for (const address of pages) {
    if (!heads.has(address)) sink.bitmap({ address, length, used: length, what: 'a bitmap of the map' });
  }
}

function addTest(context: ReferenceContext, { area, folios }: KhoTest): void {
  const { sink, pageSize } = context;
  if (area !== undefined) {
    addArea(context, area, 'kho_test');
    sink.array({
      record: khoTestFolio,
      count: folios?.length ?? 0,
      at: area,
      what: (i) => `kho_test folio ${i}`,
      traits: { list: 'kho_test folios' },
    });
  }
  for (const { address, order } of folios ?? []) sink.contents?.(address, pageSize * 2 ** order);
}

/** LUO's central record, and the lists that it leads to. */
function addLuo(context: ReferenceContext, luo: Luo): void {
  const { head, tree, sessions, flbs } = luoForm(luo.compatible) ?? {};
  if (sessions === undefined || flbs === undefined) return;
  const { abiHeader, origin } = luo;
  if (head !== undefined && tree !== undefined && abiHeader !== undefined)
    context.sink.record(head, abiHeader, 'luo_ser');
  if (head !== undefined && tree === undefined && origin?.address !== undefined)
    context.sink.record(head, origin.address, 'LUO', { list: 'luo' });
  addKept(context, [sessions, flbs], luo as unknown as Model);
}
