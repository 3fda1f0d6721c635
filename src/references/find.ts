/** The records, blobs, bitmaps and linked pages of a handover, as lists. */

import type { Handover } from '../abi/model.js';
import type { VmallocArea } from '../abi/upstream/model.js';
import { areaAddress } from '../decode/upstream/vmalloc.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { RecordType } from '../schema/record.js';
import { MAP_TREE, slotOffset } from '../structures/map/pages.js';
import { type MapTree, treeSlots } from '../structures/map/places.js';
import type { TreeBinding } from '../structures/tree.js';
import { addBlobRecords } from './blobs.js';
import {
  type BitmapInstance,
  type BlobInstance,
  type ChainPage,
  type InstanceLimits,
  type Instances,
  type RecordInstance,
  type RecordTraits,
  sampled,
} from './instance.js';
import { addReferences } from './references.js';
import { type RecordArray, type ReferenceSink, SILENT, type TablePage } from './sink.js';
import { entryRecord } from './tables.js';
import { addUnit, type UnitInstance } from './vtd.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;

/**
 * Lists everything that the model of a dump knows a place of, whether its bytes are there or not.
 *
 * @param root the tree, or the lone blob, and where it is
 * @param units remapping units whose structures are in the memory
 * @param memory absent for a lone blob: then the targets of its pointers are not listed
 */
export function findInstances(
  handover: Handover,
  root: BlobInstance,
  memory: PhysicalMemory | undefined,
  limits: InstanceLimits,
  units: readonly UnitInstance[] = [],
): Instances {
  const records: RecordInstance[] = [];
  const pages: ChainPage[] = [];
  const blobs: BlobInstance[] = [];
  const bitmaps: BitmapInstance[] = [];
  const tables = new Map<string, number>();

  function record(type: RecordType<unknown>, address: number | bigint, what: string, traits?: RecordTraits) {
    records.push({ record: type, address: Number(address), what, ...traits });
  }

  function array({ record: type, count, at, what, traits }: RecordArray): void {
    for (const i of sampled(count, limits.list)) {
      record(type, elementAddress(at, i * (type.size ?? 0)), what(i), traits);
    }
  }

  function radix(tree: MapTree, pageSize: number): void {
    for (const [i, address] of tree.pages.entries()) {
      const what = i === 0 ? 'the radix root' : `radix page ${i}`;
      pages.push({ address, length: pageSize, chain: 'radix tree', what });
    }
    if (memory === undefined) return;
    for (const { node, index } of treeSlots(tree, pageSize).slice(0, limits.list)) {
      const what = `slot ${index} of the radix node at 0x${node.toString(16)}`;
      // Of one node, which stays where it is: what hangs below another slot may be lost with it.
      record(MAP_TREE.slot, node + slotOffset(index), what, { list: `slots of ${node}` });
    }
  }

  function tablePage(table: TablePage): void {
    const { address, level, owner, words, present } = table;
    const seen = tables.get(owner) ?? 0;
    tables.set(owner, seen + 1);
    if (seen >= limits.tables) return;
    const what = `a level-${level} table of ${owner}`;
    pages.push({ address, length: words.byteLength, chain: `tables of ${owner}`, what });
    for (const nth of sampled(present.length, limits.entries)) {
      const i = present[nth] ?? 0;
      const entry = entryRecord(table, i);
      if (entry === undefined) continue;
      record(entry, address + i * ENTRY, `${owner}, level ${level} entry ${i} of 0x${address.toString(16)}`, {
        list: `level ${level} of ${owner}`,
      });
    }
  }

  const sink: ReferenceSink = {
    ...SILENT,
    record,
    array,
    radix,
    table: tablePage,
    blob(blob: BlobInstance, binding: TreeBinding | undefined) {
      blobs.push(blob);
      addBlobRecords(sink, blob, binding);
    },
    page: (page) => void pages.push(page),
    bitmap: (bitmap) => void bitmaps.push(bitmap),
  };
  addReferences(sink, handover, handover.tree?.header === undefined ? undefined : root, memory);
  if (memory !== undefined)
    for (const [i, unit] of units.entries()) addUnit(sink, unit, i, memory, limits.list);
  return { records, pages, blobs, bitmaps };
}

function elementAddress(at: number | bigint | VmallocArea, offset: number): number {
  return typeof at === 'object' ? Number(areaAddress(at, offset)) : Number(at) + offset;
}
