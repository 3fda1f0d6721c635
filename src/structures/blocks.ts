/** Block lists of kho-v4 (kernel/liveupdate/kho_block.c; upstream 3.2): records of one size in linked pages. */
import { KHO_BLOCK_HEADER_SER_SIZE, khoBlockHeaderSer } from '../records/kho_block.js';
import type { Chain } from './structure.js';

/** More blocks the kernel refuses (KHO_MAX_BLOCKS). */
export const MAX_BLOCKS = 10_000;

export const BLOCKS: Chain = { header: khoBlockHeaderSer, page: 'block', empty: false, limit: MAX_BLOCKS };

/** Records of `size` bytes that fit a block. */
export function blockCapacity(pageSize: number, size: number): number {
  return Math.floor((pageSize - KHO_BLOCK_HEADER_SER_SIZE) / size);
}
