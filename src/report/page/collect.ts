/** The records of a handover, list by list: of each list the first ones, and those that findings are about. */

import type { Handover } from '../../abi/model.js';
import { areaAddress } from '../../decode/upstream/vmalloc.js';
import { firstFrom } from '../../memory/first-after.js';
import { addBlobRecords } from '../../references/blobs.js';
import type { BlobInstance, RecordTraits } from '../../references/instance.js';
import { addReferences } from '../../references/references.js';
import { type RecordArray, type ReferenceSink, SILENT, type TablePage } from '../../references/sink.js';
import { entryRecord } from '../../references/tables.js';
import { addUnit } from '../../references/vtd.js';
import type { RecordType } from '../../schema/record.js';
import { MAP_TREE, slotOffset } from '../../structures/map/pages.js';
import { type MapTree, treeSlots } from '../../structures/map/places.js';
import type { TreeBinding } from '../../structures/tree.js';
import type { GivenUnit } from './spaces.js';

/** A record of the page. */
export interface PageRecord {
  readonly record: RecordType<unknown>;
  /** Physical address, or offset in the blob where `inBlob`. */
  readonly address: number;
  readonly inBlob: boolean;
  /** Not escaped. */
  readonly what: string;
  /** The property that it is. */
  readonly property?: RecordTraits['property'];
}

/** A list of records. */
export interface RecordGroup {
  /** Not escaped. */
  readonly title: string;
  /** Records that there are. */
  total: number;
  readonly records: PageRecord[];
}

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
/** Records kept of one list, and lists. */
const MAX_OWN = 48;
const MAX_GROUPS = 3000;
/** Records of findings kept besides, of one list. */
const MAX_WANTED = 32;

/** What is collected from. */
export interface CollectInput {
  readonly handover: Handover;
  readonly units: readonly GivenUnit[];
  /** Addresses of findings, ascending. */
  readonly wanted: Float64Array;
}

/** Hears the references of a handover. */
export interface RecordCollector {
  readonly sink: ReferenceSink;
  /** All lists, in the order in which the references lead to them. */
  finish(): RecordGroup[];
}

export function createRecordCollector({ handover, units, wanted }: CollectInput): RecordCollector {
  const groups = new Map<string, RecordGroup>();
  const { tree, fdtAddress, memory } = handover;
  let inBlob = false;

  function groupOf(title: string): RecordGroup | undefined {
    let group = groups.get(title);
    if (group === undefined && groups.size < MAX_GROUPS) {
      group = { title, total: 0, records: [] };
      groups.set(title, group);
    }
    return group;
  }

  function put(group: RecordGroup, record: PageRecord): void {
    if (
      !group.records.some(({ address, record: type }) => address === record.address && type === record.record)
    )
      group.records.push(record);
  }

  function one(
    record: RecordType<unknown>,
    address: number | bigint,
    what: string,
    traits?: RecordTraits,
  ): void {
    const group = groupOf(titleOf(traits, what));
    const at = Number(address);
    if (group === undefined) return;
    group.total++;
    if (group.records.length >= MAX_OWN && !isWanted(at, record.size ?? 1)) return;
    if (group.records.length >= MAX_OWN + MAX_WANTED) return;
    const { property } = traits ?? {};
    group.records.push({
      record,
      address: at,
      inBlob,
      what,
      ...(property === undefined ? {} : { property }),
    });
  }

  function array({ record, count, at, what, traits }: RecordArray): void {
    const group = groupOf(titleOf(traits, what(0)));
    const size = record.size ?? 0;
    if (group === undefined || count === 0 || size === 0) return;
    group.total += count;
    const { property } = traits;
    const add = (i: number): void =>
      put(group, {
        record,
        address: typeof at === 'object' ? Number(areaAddress(at, i * size)) : Number(at) + i * size,
        inBlob,
        what: what(i),
        ...(property === undefined ? {} : { property }),
      });
    const room = Math.max(0, MAX_OWN - group.records.length);
    for (let i = 0; i < Math.min(count, room); i++) add(i);
    let left = MAX_WANTED;
    const runs = typeof at === 'object' ? at.runs : [Number(at)];
    const length = typeof at === 'object' ? at.runSize : count * size;
    let before = 0;
    for (const start of runs) {
      for (
        let w = firstFrom(wanted, start);
        w < wanted.length && (wanted[w] as number) < start + length && left > 0;
        w++
      ) {
        const i = Math.floor((before + (wanted[w] as number) - start) / size);
        if (i < count && i >= room) {
          add(i);
          left--;
        }
      }
      before += length;
      if (left === 0) break;
    }
  }

  function isWanted(address: number, size: number): boolean {
    const first = wanted[firstFrom(wanted, address)];
    return first !== undefined && first < address + size;
  }

  function radix(tree: MapTree, pageSize: number): void {
    const group = groupOf('nodes of the radix tree');
    if (memory === undefined || group === undefined) return;
    for (const { node, index } of treeSlots(tree, pageSize)) {
      group.total++;
      const address = node + slotOffset(index);
      const over = group.records.length >= MAX_OWN;
      if (over && (group.records.length >= MAX_OWN + MAX_WANTED || !isWanted(address, slotOffset(1))))
        continue;
      const what = `slot ${index} of the radix node at 0x${node.toString(16)}`;
      group.records.push({ record: MAP_TREE.slot, address, inBlob, what });
    }
  }

  function table(page: TablePage): void {
    const { address, level, owner, words, present } = page;
    const group = groupOf(`page-table entries of ${owner}`);
    if (group === undefined) return;
    group.total += present.length;
    const near = isWanted(address, words.byteLength);
    if (group.records.length >= MAX_OWN && !near) return;
    for (let nth = 0; nth < present.length; nth++) {
      const i = present[nth] ?? 0;
      const at = address + i * ENTRY;
      const over = group.records.length >= MAX_OWN || nth >= MAX_OWN / 4;
      if (over && (group.records.length >= MAX_OWN + MAX_WANTED || !isWanted(at, ENTRY))) {
        if (!near) return;
        continue;
      }
      const entry = entryRecord(page, i);
      if (entry === undefined) continue;
      const what = `level ${level} entry ${i} of 0x${address.toString(16)}`;
      group.records.push({ record: entry, address: at, inBlob, what });
    }
  }

  const sink: ReferenceSink = {
    ...SILENT,
    record: one,
    array,
    radix,
    table,
    blob(blob: BlobInstance, binding: TreeBinding | undefined) {
      addBlobRecords(sink, blob, binding);
    },
  };
  if (fdtAddress === undefined && tree?.header !== undefined) {
    // Of a blob from elsewhere places are offsets.
    inBlob = true;
    addReferences(sink, handover, { address: 0, bytes: tree.bytes }, undefined);
    inBlob = false;
  }
  return {
    sink,
    finish() {
      if (memory !== undefined)
        for (const unit of units) addUnit(sink, unit, undefined, memory, Number.POSITIVE_INFINITY);
      return [...groups.values()].filter(({ total }) => total > 0);
    },
  };
}

/** A list's name for people; of a record that is alone, its own. */
function titleOf({ list, property }: RecordTraits = {}, what: string): string {
  if (list === undefined) return what;
  return property === undefined ? list.trim() : `property ${list.trim()}`;
}
