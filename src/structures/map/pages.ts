/**
 * The preserved memory map as bindings, in both of its forms: what its pages are made of, and where they lead. What follows
 * from the page size is in `shape.ts` and `bitmaps.ts`.
 */
import type { PhysicalMemory } from '../../memory/physical.js';
import {
  type KhoserMemBitmapPtr,
  type KhoserMemChunkHdr,
  khoMemPhysBits,
  khoRadixLeaf,
  khoRadixNode,
  khoserMemBitmapPtr,
  khoserMemChunkHdr,
  writeKhoserMemBitmapPtr,
  writeKhoserMemChunkHdr,
} from '../../records/kho_map.js';
import { elementRecord } from '../../schema/element.js';
import { hex } from '../../schema/units.js';
import { type ChainField, listCapacity } from '../structure.js';

/** kho-v1: linked pages of pointers to bitmaps, each page for one order (kernel/kexec_handover.c of 6.16 to 7.0). */
export const MAP_CHUNKS: ChainField = {
  kind: 'chain',
  list: {
    key: 'pointers',
    what: 'bitmaps',
    element: { record: khoserMemBitmapPtr, what: 'bitmap' },
    identity: ({ physStart }) => hex(physStart as bigint),
  },
  chain: { header: khoserMemChunkHdr, page: 'chunk', empty: true },
};

/** kho-v2 on: a tree of pages, each slot of a node leading to a page of the next lower level, and leaves of bits. */
export const MAP_TREE = {
  node: khoRadixNode,
  /** A slot of a node on its own. */
  slot: elementRecord(khoRadixNode, 'table'),
  leaf: khoRadixLeaf,
} as const;

/** What a bitmap of kho-v1 is. */
export const MAP_BITMAP = khoMemPhysBits;

/** What maps are made of. */
export const MAP_RECORDS = [khoserMemChunkHdr, khoserMemBitmapPtr, khoRadixNode, khoRadixLeaf] as const;

/** Pointers that fit a chunk. */
export function chunkCapacity(pageSize: number): number {
  return listCapacity(MAP_CHUNKS, pageSize);
}

/** Where a pointer of a chunk is, in bytes from the chunk's start. */
export function pointerOffset(index: number): number {
  return (khoserMemChunkHdr.size ?? 0) + index * (khoserMemBitmapPtr.size ?? 0);
}

/** Writes a chunk with its pointers, which have to fit. */
export function writeChunk(
  view: DataView,
  header: Omit<KhoserMemChunkHdr, 'numElms'>,
  pointers: readonly KhoserMemBitmapPtr[],
): void {
  writeKhoserMemChunkHdr(view, 0, { ...header, numElms: pointers.length });
  for (const [i, pointer] of pointers.entries()) writeKhoserMemBitmapPtr(view, pointerOffset(i), pointer);
}

/** Where a slot of a node is, in bytes from the node's start. */
export function slotOffset(index: number): number {
  return index * (MAP_TREE.slot.size ?? 0);
}

/** The slot of a node that a byte is in. */
export function slotAt(offset: number): number {
  return Math.floor(offset / (MAP_TREE.slot.size ?? 1));
}

/** What a slot of a node leads to: a physical address, 0 for nothing. */
export function readSlot(node: DataView, index: number): bigint {
  return node.getBigUint64(slotOffset(index), true);
}

/** Writes a slot of a node. */
export function writeSlot(node: DataView, index: number, address: bigint): void {
  node.setBigUint64(slotOffset(index), address, true);
}

/**
 * Indices of the slots of a node that lead somewhere, ascending.
 *
 * @param bytes of the node that are known
 */
export function* usedSlots(node: DataView, bytes = node.byteLength): Generator<number> {
  for (let at = 0; at + slotOffset(1) <= bytes; at += slotOffset(1))
    if (node.getUint32(at, true) !== 0 || node.getUint32(at + 4, true) !== 0) yield slotAt(at);
}

/** Whether memory has a bit of a bitmap, and it is set; the lowest of each byte comes first. */
export function hasBit(memory: PhysicalMemory, bitmap: number, bit: number): boolean {
  const byte = new Uint8Array(1);
  return memory.read(bitmap + (bit >>> 3), 1, byte) === 1 && (((byte[0] ?? 0) >>> (bit & 7)) & 1) === 1;
}

/** Sets bits [first, end), the lowest of each byte first. */
export function setBits(bytes: Uint8Array, first: number, end: number): void {
  let at = first;
  for (; at < end && at % 8 !== 0; at++) bytes[at >>> 3] = (bytes[at >>> 3] ?? 0) | (1 << (at & 7));
  const whole = at + Math.floor((end - at) / 8) * 8;
  if (whole > at) {
    bytes.fill(0xff, at >>> 3, whole >>> 3);
    at = whole;
  }
  for (; at < end; at++) bytes[at >>> 3] = (bytes[at >>> 3] ?? 0) | (1 << (at & 7));
}
