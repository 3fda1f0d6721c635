/** Block lists of kho-v4 (kernel/liveupdate/kho_block.c): records of one size in linked pages. */
import { KHO_BLOCK_HEADER_SER_SIZE, khoBlockHeaderSer } from '../../records/kho_block.js';
import type { RecordType } from '../../schema/record.js';
import type { Chain } from '../../structures/structure.js';
import { type RecordList, readChain } from './chain.js';
import type { Context } from './context.js';

export { type PlacedRecord, type RecordList, readRecords } from './chain.js';

/** More blocks the kernel refuses (KHO_MAX_BLOCKS). */
export const MAX_BLOCKS = 10_000;

const BLOCKS: Chain = { header: khoBlockHeaderSer, page: 'block', empty: false, limit: MAX_BLOCKS };

/** Records of `size` bytes that fit a block. */
export function blockCapacity(pageSize: number, size: number): number {
  return Math.floor((pageSize - KHO_BLOCK_HEADER_SER_SIZE) / size);
}

/**
 * Follows a chain of blocks.
 *
 * @param head physical address of the first block; 0 is an empty list
 * @param what the records, for messages, e.g. `sessions`
 */
export function readBlocks<T>(
  context: Context,
  head: bigint,
  record: RecordType<T>,
  what: string,
): RecordList<T> {
  return readChain(context, head, BLOCKS, record, what);
}
