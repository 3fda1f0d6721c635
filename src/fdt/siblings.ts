/** Subnodes of one node with the same name, found in linear time however many siblings there are. */

import { TAG_SIZE } from './token-layout.js';

/** Nodes a partition holds on average: its table then stays in the processor's first caches. */
const PARTITION = 2048;
const MAX_PARTITION_BITS = 12;

/** The columns of the tokens that are looked at; see `FdtTree`. */
export interface SiblingColumns {
  readonly bytes: Uint8Array;
  readonly at: Uint32Array;
  readonly length: Uint32Array;
  readonly parent: Int32Array;
}

/** Mixes the hash of a name with its parent's token index into an evenly spread key of 32 bits. */
export function siblingKey(nameHash: number, parent: number): number {
  let key = nameHash ^ Math.imul(parent, 0x9e3779b1);
  key = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 13), 0xc2b2ae35);
  return (key ^ (key >>> 16)) >>> 0;
}

/**
 * Finds nodes that have an earlier sibling of the same name bytes.
 * Splits the nodes by the upper bits of their keys first, so that each part's hash table is small: one table for
 * everything would miss the cache at every node.
 * @param nodes token indices of the nodes to compare, rising
 * @param keys `siblingKey` of each node
 * @returns token indices, rising
 */
export function duplicateSiblings(columns: SiblingColumns, nodes: Uint32Array, keys: Uint32Array): number[] {
  const bits = Math.min(MAX_PARTITION_BITS, Math.max(0, Math.ceil(Math.log2(nodes.length / PARTITION))));
  // a shift by 32 would be one by 0
  const partitionOf = (key: number): number => (bits === 0 ? 0 : key >>> (32 - bits));
  const ends = new Uint32Array(1 << bits);
  for (const key of keys) {
    const partition = partitionOf(key);
    ends[partition] = (ends[partition] ?? 0) + 1;
  }
  let sum = 0;
  for (let i = 0; i < ends.length; i++) {
    const start = sum;
    sum += ends[i] ?? 0;
    ends[i] = start;
  }
  const order = new Uint32Array(nodes.length);
  const orderedKeys = new Uint32Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const key = keys[i] ?? 0;
    const partition = partitionOf(key);
    const slot = ends[partition] ?? 0;
    ends[partition] = slot + 1;
    order[slot] = nodes[i] ?? 0;
    orderedKeys[slot] = key;
  }
  const duplicates: number[] = [];
  let table = new Int32Array(PARTITION * 4);
  let start = 0;
  for (const end of ends) {
    let size = 4;
    while (size < (end - start) * 2) size *= 2;
    if (size > table.length) table = new Int32Array(size);
    comparePartition(columns, order, orderedKeys, start, end, table.subarray(0, size).fill(-1), duplicates);
    start = end;
  }
  return duplicates.sort((a, b) => a - b);
}

/** `table` holds positions in `order`, -1 where free; its length is a power of two. */
function comparePartition(
  columns: SiblingColumns,
  order: Uint32Array,
  keys: Uint32Array,
  start: number,
  end: number,
  table: Int32Array,
  duplicates: number[],
): void {
  const mask = table.length - 1;
  for (let i = start; i < end; i++) {
    const key = keys[i] ?? 0;
    let slot = key & mask;
    for (;;) {
      const other = table[slot] ?? -1;
      if (other < 0) {
        table[slot] = i;
        break;
      }
      if (keys[other] === key && sameSibling(columns, order[other] ?? 0, order[i] ?? 0)) {
        duplicates.push(order[i] ?? 0);
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
}

function sameSibling({ bytes, at, length, parent }: SiblingColumns, a: number, b: number): boolean {
  const size = length[a] ?? 0;
  if (parent[a] !== parent[b] || length[b] !== size) return false;
  const startA = (at[a] ?? 0) + TAG_SIZE;
  const startB = (at[b] ?? 0) + TAG_SIZE;
  for (let i = 0; i < size; i++) {
    if (bytes[startA + i] !== bytes[startB + i]) return false;
  }
  return true;
}
