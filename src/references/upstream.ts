/** The records of Linux 6.16 and later that the tree leads to: the preserved map, the riders' blobs, and what these lead to. */
import type { Handover } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { MAP_CHUNKS, pointerOffset } from '../structures/map/pages.js';
import { childTree, RIDERS } from '../structures/riders.js';
import type { Model } from '../structures/structure.js';
import type { Claim, Run } from './claim.js';
import { claim, partOwner, tellUntold } from './owners.js';
import type { Place } from './place.js';
import { addRider } from './rider.js';
import type { ReferenceContext, ReferenceSink } from './sink.js';
import { addPages, addTopStructures } from './structures.js';

/** Tells what the tree of an upstream handover leads to. */
export function addUpstream(sink: ReferenceSink, handover: Handover, memory: PhysicalMemory): void {
  const { subtrees = [], pageSize, preserved } = handover;
  const context: ReferenceContext = { sink, memory, pageSize, preserved: preserved?.pages };
  claimTrees(context, handover);
  addMap(context, handover);
  for (const { name = '', address, blob, tree, known } of subtrees) {
    if (address === undefined || blob === undefined) continue;
    // Of a blob that is not a tree the records are told below; of an unknown one nothing says how long it is.
    if (tree === undefined) addRaw(context, address, blob, known === true);
    else sink.blob({ address: Number(address), bytes: blob, rider: name }, childTree(handover, name));
  }
  tellUnknown(sink, handover);
  addRiders(context, handover);
  addTopStructures(context, handover);
}

/** Tells of children that no release has, and of what is not in the dump. */
function tellUnknown({ untold }: ReferenceSink, { subtrees = [], diagnostics }: Handover): void {
  const unknown = subtrees.find(({ known }) => known !== true);
  if (unknown !== undefined) {
    const { name = '' } = unknown;
    const why = `only the owner of the child ${name} knows what it refers to`;
    untold?.({ place: { part: 'subtree', subtree: name }, lacks: 'some', why });
  }
  const absent = diagnostics.find(({ code }) => code === 'memory-absent');
  const all = 'not all owners of preserved memory are known';
  if (absent !== undefined) untold?.({ lacks: 'others', why: `${all}: ${absent.message}` });
}

/** Tells what the riders of a handover lead to, or the one that stands by itself. */
export function addRiders(context: ReferenceContext, handover: Handover): void {
  for (const rider of RIDERS.toReversed()) {
    const part = handover[rider.key];
    const child = handover.subtrees?.find(({ name }) => name === rider.name);
    const owner = partOwner({ part: rider.outline.part });
    const damage = part === undefined ? undefined : rider.damage?.({ ...part }, handover.generation);
    if (damage !== undefined) tellUntold({ ...context, owner }, 'others', damage);
    if (part !== undefined) addRider(context, rider, part as unknown as Model, child?.tree);
    else if (child !== undefined)
      tellUntold({ ...context, owner }, 'all', `what ${rider.name} refers to is not known`);
  }
}

/** Claims what the handover itself is written down in: the root tree, the map, blobs. */
function claimTrees({ sink, pageSize }: ReferenceContext, handover: Handover): void {
  const { fdtAddress, preservedMap, subtrees = [] } = handover;
  const own = (place: Place, what: string, runs: Claim['runs'], kept?: Pick<Claim, 'preserved'>): void =>
    claim({ sink, owner: partOwner(place) }, 'bookkeeping', what, runs, kept);
  const pageAt = (address: number): Run => {
    const start = address - (address % pageSize);
    return { start, end: start + pageSize };
  };
  if (fdtAddress !== undefined) {
    const start = Number(fdtAddress);
    own({ part: 'tree' }, 'the root tree', () => [{ start, end: start + pageSize }], { preserved: 'bytes' });
  }
  own({ part: 'preserved' }, 'the preserved memory map', function* () {
    for (const page of preservedMap?.pages ?? []) yield pageAt(page);
  });
  for (const { name: subtree = '', address, size, blob } of subtrees) {
    if (address === undefined) continue;
    const length = size ?? BigInt(blob?.length ?? 1);
    const run = { start: address, end: address + (length > 0n ? length : 1n) };
    own({ part: 'subtree', subtree }, 'the blob', () => [run], { preserved: 'bytes' });
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

function addMap(context: ReferenceContext, { preservedMap }: Handover): void {
  const { sink, pageSize } = context;
  if (preservedMap === undefined) return;
  const { pages, depth, slots, chunks = [], bitmapSize } = preservedMap;
  if (depth !== undefined && slots !== undefined) sink.radix({ depth, pages, slots }, pageSize);
  for (const [i, { address, pointers }] of chunks.entries()) {
    const { element, what } = MAP_CHUNKS.list;
    addPages(context, MAP_CHUNKS, [{ address, count: pointers.length }], 'the map', i);
    sink.array({
      record: element.record,
      count: pointers.length,
      at: address + BigInt(pointerOffset(0)),
      what: (j) => `chunk ${i} of the map ${element.what} ${j}`,
      traits: { list: what },
    });
  }
  const length = bitmapSize ?? pageSize;
  const read = new Set(pages);
  for (const { address } of chunks) read.delete(Number(address));
  for (const { order, pointers } of chunks) {
    for (const { physStart, bitmap } of pointers) {
      const address = Number(bitmap);
      if (!read.delete(address)) continue;
      const blocks = { physStart, order };
      sink.bitmap({ address, length, used: length, what: 'a bitmap of the map', blocks });
    }
  }
}
