/** Every field of every record of a dump. */
import type { Handover } from '../src/abi/model.js';
import type { PhysicalMemory } from '../src/memory/physical.js';
import { rtaddrReg } from '../src/records/vtd.js';
import { findInstances } from '../src/references/find.js';
import {
  type InstanceLimits,
  type Instances,
  type RecordInstance,
  sampled,
} from '../src/references/instance.js';
import type { RecordType } from '../src/schema/record.js';
import type { StudyUnit } from './dumps.js';
import { fieldsOf, type Site } from './fields.js';
import { treeSites } from './tree-sites.js';

/** Enough of each kind; a field is corrupted a dozen times. */
const LIMITS: InstanceLimits = { list: 24, entries: 6, tables: 40 };
const WORD = BigUint64Array.BYTES_PER_ELEMENT;

/** Lists them; what the dump has no bytes of stays in the list. */
export function sitesOf(
  handover: Handover,
  memory: PhysicalMemory,
  units: readonly StudyUnit[] = [],
): Site[] {
  if (units.length > 0) return unitSites(handover, memory, units);
  const { tree, fdtAddress } = handover;
  if (tree === undefined || fdtAddress === undefined) return [];
  const root = { address: Number(fdtAddress), bytes: tree.bytes };
  const instances = findInstances(handover, root, memory, LIMITS);
  const bound = new Set<number>();
  for (const { address, property } of instances.records) if (property !== undefined) bound.add(address);
  return [
    ...instances.blobs.flatMap((blob) => [...treeSites(blob, bound)]),
    ...instances.records.flatMap((instance) =>
      [...recordSites(instance)].filter(isJudged(instance, handover)),
    ),
    ...mapSites(instances, handover, memory),
  ];
}

/** Entries of the tables of remapping units, and the registers that lead to them. */
function unitSites(handover: Handover, memory: PhysicalMemory, units: readonly StudyUnit[]): Site[] {
  const root = { address: 0, bytes: new Uint8Array(0) };
  const { records } = findInstances(handover, root, memory, LIMITS, units);
  return [
    ...units.flatMap(({ register }) => [...fieldsOf(rtaddrReg as RecordType<unknown>, register)]),
    ...records.flatMap(({ record, address }) => [...fieldsOf(record, address)]),
  ];
}

/**
 * Of tables that LUO hands over the capability registers are not recorded, and most other bits are judged by these: they
 * are corrupted in the memory of live systems.
 */
function isJudged({ record }: RecordInstance, { iommu }: Handover): (site: Site) => boolean {
  return ({ kind }) => iommu === undefined || record.file !== 'vtd' || kind === 'pointer';
}

function word(name: string, kind: Site['kind'], address: number, width = 64): Site {
  return { name, kind, address, bit: 0, width, endian: 'le' };
}

function* recordSites({ record, address, list, property }: RecordInstance): Generator<Site> {
  // Nothing is wrong with unused parts.
  if (list === 'free inodes') return;
  if (record.name === 'kho_vmalloc_chunk_phys') {
    yield word('kho_vmalloc_chunk.phys[i]', 'pointer', address);
  } else if (record.name === 'kho_radix_node_table') {
    yield word('kho_radix_node.table[i], used', 'pointer', address);
  } else if (list === 'directory') yield* fieldsOf(record, address, 'guestmemfs_inode (root)');
  else if (list === 'mem cache') yield* fieldsOf(record, address, 'mem cache');
  else {
    const [field, more] = record.fields;
    const single = property !== undefined && more === undefined && field?.bitWidth !== undefined;
    for (const site of fieldsOf(record, address)) {
      yield single ? { ...site, name: `property ${property.name}` } : site;
    }
  }
}

/** Words of bitmaps and leaves, used and 0, and a slot that is 0 of each node of the radix tree. */
function* mapSites(
  { records, pages, bitmaps }: Instances,
  { pageSize, generation }: Handover,
  memory: PhysicalMemory,
): Generator<Site> {
  if (generation === 'rfc-2024') {
    for (const { address } of bitmaps) yield word('bitmap', 'bitmap', address, 8);
    return;
  }
  for (const { address, length } of bitmaps) yield* wordSites(address, length, memory);
  const nodes = new Set(
    records
      .filter(({ record }) => record.name === 'kho_radix_node_table')
      .map(({ address }) => address - (address % pageSize)),
  );
  for (const { address, chain } of pages) {
    if (chain !== 'radix tree') continue;
    if (nodes.has(address))
      yield word('kho_radix_node.table[i], 0', 'pointer', address + pageSize - 2 * WORD);
    else yield* wordSites(address, pageSize, memory);
  }
}

function* wordSites(address: number, length: number, memory: PhysicalMemory): Generator<Site> {
  const bytes = new Uint8Array(length);
  const known = memory.read(address, length, bytes);
  const view = new DataView(bytes.buffer);
  const used: number[] = [];
  for (let at = 0; at + WORD <= known; at += WORD) if (view.getBigUint64(at, true) !== 0n) used.push(at);
  for (const nth of sampled(used.length, LIMITS.list)) {
    yield word('bitmap word, used', 'bitmap', address + (used[nth] ?? 0));
  }
  yield word('bitmap word, 0', 'bitmap', address + length - 2 * WORD);
}
