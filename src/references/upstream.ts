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
import type { RiderPart } from '../structures/rider.js';
import { childTree, RIDERS } from '../structures/riders.js';
import type { Model } from '../structures/structure.js';
import { addArea } from './area.js';
import type { Claim, Owner, Run } from './claim.js';
import { claim, claimArea, claimPlain, partOwner } from './owners.js';
import type { Place } from './place.js';
import type { ReferenceContext, ReferenceSink } from './sink.js';
import { addKept, addTopStructures } from './structures.js';

/** Tells what the tree of an upstream handover leads to. */
export function addUpstream(sink: ReferenceSink, handover: Handover, memory: PhysicalMemory): void {
  const { subtrees = [], kexecMetadata, khoTest, luo, pageSize, preserved } = handover;
  const context: ReferenceContext = { sink, memory, pageSize, preserved: preserved?.pages };
  claimTrees(context, handover);
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
  claimContents(context, handover);
  if (khoTest !== undefined) addTest(context, khoTest);
  if (luo !== undefined) addLuo(context, luo);
  addTopStructures(context, handover);
}

/** Claims what the handover itself is written down in: the root tree, the map, blobs. */
function claimTrees({ sink, pageSize }: ReferenceContext, handover: Handover): void {
  const { fdtAddress, preservedMap, subtrees = [] } = handover;
  const own = (place: Place, what: string, runs: Claim['runs']): void =>
    claim({ sink, owner: partOwner(place) }, 'bookkeeping', what, runs);
  const pageAt = (address: number): Run => {
    const start = address - (address % pageSize);
    return { start, end: start + pageSize };
  };
  if (fdtAddress !== undefined) {
    const start = Number(fdtAddress);
    own({ part: 'tree' }, 'the root tree', () => [{ start, end: start + pageSize }]);
  }
  own({ part: 'preserved' }, 'the preserved memory map', function* () {
    for (const page of preservedMap?.pages ?? []) yield pageAt(page);
  });
  for (const { name: subtree = '', address, size, blob } of subtrees) {
    if (address === undefined) continue;
    const length = size ?? BigInt(blob?.length ?? 1);
    const run = { start: address, end: address + (length > 0n ? length : 1n) };
    own({ part: 'subtree', subtree }, 'the blob', () => [run]);
  }
}

/** Claims the memory that riders hand over, as their bindings tell it. */
function claimContents({ sink, pageSize }: ReferenceContext, handover: Handover): void {
  for (const { key, part, contents } of RIDERS) {
    const rider = (handover as unknown as Readonly<Record<string, RiderPart | undefined>>)[key];
    if (rider === undefined || contents === undefined || part === 'metadata') continue;
    for (const { names, name, what, runs, fixed, entries } of contents(rider, pageSize)) {
      const owner = {
        place: { part, ...names },
        name,
        subject: names === undefined ? {} : { node: names.region },
      };
      const more = {
        ...(fixed === undefined ? {} : { fixed }),
        ...(entries === undefined ? {} : { entries }),
      };
      claim({ sink, owner }, 'contents', what, runs, more);
    }
  }
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

function addTest(context: ReferenceContext, { area, folios, origin }: KhoTest): void {
  const { sink } = context;
  if (area !== undefined) {
    const address = origin?.address;
    const by = { ...(address === undefined ? {} : { address }), property: 'folios_info' };
    const owner: Owner = { place: { part: 'kho-test' }, name: 'kho_test', subject: { node: 'kho_test' } };
    claimArea({ ...context, owner }, area, { area, by });
    addArea(context, area, 'kho_test');
    sink.array({
      record: khoTestFolio,
      count: folios?.length ?? 0,
      at: area,
      what: (i) => `kho_test folio ${i}`,
      traits: { list: 'kho_test folios' },
    });
  }
}

/** LUO's central record, and the lists that it leads to. */
function addLuo(context: ReferenceContext, luo: Luo): void {
  const { head, tree, sessions, flbs } = luoForm(luo.compatible) ?? {};
  const { abiHeader, origin } = luo;
  const own = { ...context, owner: partOwner({ part: 'luo' }) };
  const model = luo as unknown as Model;
  if (abiHeader !== undefined) {
    const run = { start: abiHeader, end: abiHeader + BigInt(context.pageSize) };
    claim(own, 'record', 'struct luo_ser', () => [run]);
  }
  if (sessions === undefined || flbs === undefined) return;
  const by = {
    ...(origin?.address === undefined ? {} : { address: origin.address }),
    field: 'luo_ser.sessions_pa',
  };
  for (const field of [flbs, sessions])
    if (field.list.plain !== undefined) claimPlain(own, field, field.list.plain, model, by);
  if (head !== undefined && tree !== undefined && abiHeader !== undefined)
    context.sink.record(head, abiHeader, 'luo_ser');
  if (head !== undefined && tree === undefined && origin?.address !== undefined)
    context.sink.record(head, origin.address, 'LUO', { list: 'luo' });
  addKept(own, [sessions, flbs], model);
}
