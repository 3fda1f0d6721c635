/** Places in the preserved map: which blocks a byte of a bitmap or a slot of the radix tree stands for. */
import type { PhysicalMemory } from '../memory/physical.js';
import { readSlot, slotAt, usedSlots } from '../structures/map/pages.js';
import type { WhatModel } from './source.js';

const BITS = 8;

/** A page of the radix tree, and how one gets there. */
export interface RadixPlace {
  /** 0 for a leaf. */
  readonly level: number;
  /** Key bits above those of this page. */
  readonly prefix: bigint;
  /** The slot that leads here; none for the root. */
  readonly slot?: { readonly node: number; readonly index: number };
}

/** Finds a page of the tree; undefined where it is none. Reads the nodes, never the leaves. */
export function radixPlace(
  handover: WhatModel,
  memory: PhysicalMemory,
  page: number,
): RadixPlace | undefined {
  const { preservedMap, pageSize } = handover;
  const { depth, pages } = preservedMap ?? {};
  const root = pages?.[0];
  if (depth === undefined || root === undefined) return undefined;
  if (page === root) return { level: depth - 1, prefix: 0n };
  const known = new Set(pages);
  const bytes = new Uint8Array(pageSize);
  const view = new DataView(bytes.buffer);
  const slots = BigInt(slotAt(pageSize));
  const open = [{ node: root, level: depth - 1, prefix: 0n }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, level, prefix } = next;
    known.delete(node);
    for (const index of usedSlots(view, memory.read(node, pageSize, bytes))) {
      const child = Number(readSlot(view, index));
      const own = prefix * slots + BigInt(index);
      if (child === page) return { level: level - 1, prefix: own, slot: { node, index } };
      if (level > 1 && known.has(child)) open.push({ node: child, level: level - 1, prefix: own });
    }
  }
  return undefined;
}

/** Blocks in memory, half-open. */
export interface Blocks {
  readonly start: bigint;
  readonly end: bigint;
  readonly order: number;
}

/**
 * The block of a bit of a leaf (include/linux/kho/abi/kexec_handover.h): the highest bit of the key tells the order.
 *
 * @param bit of the leaf
 */
export function radixBlock(prefix: bigint, bit: number, pageSize: number): Blocks | undefined {
  const shift = Math.log2(pageSize);
  const key = prefix * BigInt(pageSize * BITS) + BigInt(bit);
  if (key === 0n) return undefined;
  const top = key.toString(2).length - 1;
  const bits = 64 - top;
  const order = bits - shift;
  if (order < 0) return undefined;
  const start = (key - (1n << BigInt(top))) << BigInt(bits);
  return { start, end: start + (1n << BigInt(bits)), order };
}

/** The pointer to a bitmap of a kho-v1 map: where it stands, and what its first bit is. */
export interface BitmapPointer {
  readonly physStart: bigint;
  readonly order: number;
}

/** What a bitmap describes; undefined where no chunk of the map has it. */
export function bitmapPointer({ preservedMap }: WhatModel, bitmap: number): BitmapPointer | undefined {
  for (const { order, pointers } of preservedMap?.chunks ?? [])
    for (const { physStart, bitmap: address } of pointers)
      if (Number(address) === bitmap) return { physStart, order };
  return undefined;
}

/** The block of a bit of a bitmap. */
export function bitmapBlock({ physStart, order }: BitmapPointer, bit: number, pageSize: number): Blocks {
  const size = BigInt(pageSize) << BigInt(order);
  const start = physStart + BigInt(bit) * size;
  return { start, end: start + size, order };
}
