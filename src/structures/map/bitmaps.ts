/**
 * The bitmaps of the preserved memory map of kho-v1 (kernel/kexec_handover.c of 6.16 to 7.0): a bit is a block, of the order
 * that the chunk says and at its place from phys_start on. Their size is that of the release (upstream 1.3 Q1).
 */

import { type BlockRange, blockSize } from '../../memory/blocks.js';
import type { KhoserMemBitmapPtr } from '../../records/kho_map.js';
import type { MapForm } from '../../versions/table.js';

/** Bytes of a bitmap in 6.16 and 6.17 (PRESERVE_BITS / 8). */
export const SMALL_BITMAP = 512;

/** The forms of bitmaps: of 6.16 and 6.17, and from 6.18 on. */
export type BitmapForm = Exclude<MapForm, 'radix'>;

/** Bytes of a bitmap. */
export function bitmapSizeOf(form: BitmapForm, pageSize: number): number {
  return form === 'bitmap-512' ? SMALL_BITMAP : pageSize;
}

/** The form of a size. */
export function bitmapFormOf(bitmapSize: number): BitmapForm {
  return bitmapSize === SMALL_BITMAP ? 'bitmap-512' : 'bitmap-page';
}

/** Bits of a bitmap. */
export function bitsOf(bitmapSize: number): number {
  return bitmapSize * 8;
}

/** Where the bits of a bitmap lead. */
export interface BitmapPlace extends Pick<KhoserMemBitmapPtr, 'physStart'> {
  readonly order: number;
}

/** Bytes of the memory that a bitmap describes; bitmap `n` of an order begins at `n` times as much. */
export function bitmapSpan(order: number, bitmapSize: number, pageSize: number): bigint {
  return blockSize(order, pageSize) * BigInt(bitsOf(bitmapSize));
}

/** The bit of the block that an address is in; it may be beyond the bitmap. */
export function bitOfAddress({ physStart, order }: BitmapPlace, address: bigint, pageSize: number): bigint {
  return (address - physStart) / blockSize(order, pageSize);
}

/** The block of a bit. */
export function bitmapBlock({ physStart, order }: BitmapPlace, bit: number, pageSize: number): BlockRange {
  const start = physStart + BigInt(bit) * blockSize(order, pageSize);
  return { start, end: start + blockSize(order, pageSize), order };
}
