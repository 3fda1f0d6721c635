/**
 * The radix tree of the preserved memory map, from kho-v2 on (include/linux/kho/abi/kexec_handover.h): the key of a block,
 * the way that it is in the tree, and back. The other form is in `bitmaps.ts`.
 */

import { type BlockRange, blockRange, pageShift } from '../../memory/blocks.js';
import { FACTS, type Generation } from '../../versions/generations.js';

/** The numbers that follow from the page size. */
export interface RadixShape {
  readonly pageSize: number;
  readonly shift: number;
  /** Key bits that a node resolves. */
  readonly tableBits: number;
  /** Key bits that a leaf resolves. */
  readonly leafBits: number;
  /** Levels, the leaf included. */
  readonly depth: number;
  /** Bits of the widest valid key: below 2^53, so that all keys are exact as numbers. */
  readonly keyBits: number;
}

/** What follows from the page size alone. */
type RadixSizes = Omit<RadixShape, 'depth'>;

function radixSizes(pageSize: number): RadixSizes {
  const shift = pageShift(pageSize);
  return { pageSize, shift, tableBits: shift - 3, leafBits: shift + 3, keyBits: 64 - shift + 1 };
}

/**
 * The shape of a tree. kho-v2, and kho-v3 before 7.1-rc6, count one key bit too few for their depth; this
 * shows with 16 KiB pages alone (upstream 2.4.2).
 */
export function radixShape(generation: Generation, pageSize: number, form?: string): RadixShape {
  const sizes = radixSizes(pageSize);
  const { tableBits, leafBits, keyBits } = sizes;
  const short = FACTS[generation].shortKey === true || form === 'radix-4-levels';
  const depth = Math.ceil((keyBits - (short ? 1 : 0) - leafBits) / tableBits) + 1;
  return { ...sizes, depth };
}

/** Whether the tree's depth loses the order bit of order-0 blocks. */
export function losesOrderBit(shape: RadixShape): boolean {
  return bitsBelow(shape, shape.depth) < shape.keyBits;
}

/** Key bits that pages below a level resolve: 0 for a bit of a leaf, which is level 0. */
function bitsBelow({ tableBits, leafBits }: RadixSizes, level: number): number {
  return level === 0 ? 0 : (level - 1) * tableBits + leafBits;
}

/** The bit of a key that tells the order: the key of block 0; the other blocks of the order have the keys after it. */
export function orderBit({ shift }: Pick<RadixShape, 'shift'>, order: number): number {
  return 2 ** (64 - shift - order);
}

/** The key of a block. */
export function radixKey(shape: RadixShape, address: bigint, order: number): bigint {
  return BigInt(orderBit(shape, order)) | (address >> BigInt(shape.shift + order));
}

/** A block as its key has it: its address is `number` times the size of a block of its order. */
export interface KeyBlock {
  readonly order: number;
  readonly number: number;
}

/** The block of a key; undefined for 0 and 1, which encode none, and for a key that is too wide. */
export function blockOfKey({ shift, keyBits }: RadixSizes, key: number): KeyBlock | undefined {
  if (key < 2 || key >= 2 ** keyBits) return undefined;
  const high = Math.floor(key / 2 ** 32);
  const top = high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(key);
  return { order: 64 - shift - top, number: key - 2 ** top };
}

/** Index of a key's slot in a node of a level above 0. */
export function radixSlot(shape: RadixShape, key: bigint, level: number): number {
  return Number((key >> BigInt(bitsBelow(shape, level))) & ((1n << BigInt(shape.tableBits)) - 1n));
}

/** A key's bit in its leaf. */
export function radixBit({ leafBits }: RadixShape, key: bigint): number {
  return Number(key & ((1n << BigInt(leafBits)) - 1n));
}

/** The first key of a page: its number, which is the key bits above its own, and those as 0. */
export function firstKey(shape: RadixSizes, level: number, number: number): number {
  return number * 2 ** bitsBelow(shape, level + 1);
}

/**
 * The block of a bit of a leaf, in memory; undefined where it stands for none.
 *
 * @param number of the leaf
 */
export function leafBlock(number: number, bit: number, pageSize: number): BlockRange | undefined {
  const sizes = radixSizes(pageSize);
  const block = blockOfKey(sizes, firstKey(sizes, 0, number) + bit);
  return block === undefined ? undefined : blockRange(BigInt(block.number), block.order, pageSize);
}

/** The number of the page that a slot of a node leads to. */
export function childNumber({ tableBits }: RadixShape, node: number, slot: number): number {
  return node * 2 ** tableBits + slot;
}

/** How many pages a level has, by the numbers that its keys can have. */
export function pagesOfLevel(shape: RadixShape, level: number): number {
  return 2 ** (shape.keyBits - bitsBelow(shape, level + 1));
}

/** How many of them the slots of the tree lead to: fewer where its depth loses a bit. */
export function reachOfLevel(shape: RadixShape, level: number): number {
  return 2 ** ((shape.depth - 1 - level) * shape.tableBits);
}
