/**
 * The shape of the preserved memory map in both of its forms: pages of pointers to bitmaps, each page for one order,
 * linked (kernel/kexec_handover.c of 6.16 to 7.0), and from kho-v2 on a radix tree of pages whose leaves are bitmaps
 * (include/linux/kho/abi/kexec_handover.h).
 */
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
  /** Bits of the widest valid key. */
  readonly keyBits: number;
}

/**
 * The shape of a tree. kho-v2, and kho-v3 before 7.1-rc6, count one key bit too few for their depth; this
 * shows with 16 KiB pages alone (upstream 2.4.2).
 */
export function radixShape(generation: Generation, pageSize: number, form?: string): RadixShape {
  const shift = Math.round(Math.log2(pageSize));
  const tableBits = shift - 3;
  const leafBits = shift + 3;
  const keyBits = 64 - shift + 1;
  const short = FACTS[generation].shortKey === true || form === 'radix-4-levels';
  const depth = Math.ceil((keyBits - (short ? 1 : 0) - leafBits) / tableBits) + 1;
  return { pageSize, shift, tableBits, leafBits, depth, keyBits };
}

/** Whether the tree's depth loses the order bit of order-0 blocks. */
export function losesOrderBit({ depth, tableBits, leafBits, keyBits }: RadixShape): boolean {
  return (depth - 1) * tableBits + leafBits < keyBits;
}

/** The key of a block. */
export function radixKey({ shift }: RadixShape, address: bigint, order: number): bigint {
  const bits = BigInt(shift + order);
  return (1n << (64n - bits)) | (address >> bits);
}

/** Index of a key's slot in a node of a level above 0. */
export function radixSlot({ tableBits, leafBits }: RadixShape, key: bigint, level: number): number {
  return Number((key >> BigInt((level - 1) * tableBits + leafBits)) & ((1n << BigInt(tableBits)) - 1n));
}
