/** `preserved` of a document as blocks. */

import type { PreservedBlocks } from '../../abi/upstream/model.js';
import { blockSize, splitOrder } from '../../memory/blocks.js';
import { jsonObject, ModelError } from '../from-json.js';
import { type Json, jsonNarrow, jsonObjects, jsonWide } from './json.js';

/** Largest order that a split range gets: what the kernel's page allocator hands out (MAX_PAGE_ORDER). */
const MAX_SPLIT = 10;
/** Blocks that one entry may stand for: 2 TiB of single 4K pages. */
const MAX_BLOCKS = 1n << 29n;
/** Blocks whose bits are together in one piece of a map, or of what is held of one; and bytes that such pieces may have. */
const PIECE = 4096;
const MAX_MAP = 64 << 20;
/** Bytes of a range that is split: no machine has more memory. */
const MAX_RANGE = 2 ** 46;

/**
 * The blocks of `preserved.pages`; of a document that has only `ranges`, these split as the kernel splits
 * page ranges (upstream 2.4.3).
 *
 * @throws ModelError naming the place when a block is not aligned to its size or does not fit 64 bits
 */
export function* preservedBlocks(value: unknown, pageSize: number): Generator<PreservedBlocks> {
  if (value === undefined) return;
  const preserved = jsonObject(value, 'preserved');
  if (preserved.pages === undefined) {
    for (const [i, range] of jsonObjects(preserved.ranges, 'preserved.ranges').entries()) {
      yield* split(range, pageSize, `preserved.ranges[${i}]`);
    }
    return;
  }
  for (const [i, block] of jsonObjects(preserved.pages, 'preserved.pages').entries()) {
    const path = `preserved.pages[${i}]`;
    const address = jsonWide(block.address, `${path}.address`);
    const order = jsonNarrow(block.order, `${path}.order`);
    const count = block.count === undefined ? 1n : jsonWide(block.count, `${path}.count`);
    const size = blockSize(Math.min(order, 64), pageSize);
    if (order > 51 || address % size !== 0n || address + count * size > 1n << 64n) {
      throw new ModelError(`${path}: no block of order ${order} starts at 0x${address.toString(16)}`);
    }
    if (count > MAX_BLOCKS) throw new ModelError(`${path}.count: more than ${MAX_BLOCKS} blocks`);
    yield { address, order, count: Number(count) };
  }
}

/**
 * The same blocks, as long as the map that holds them stays in proportion: a block here and there costs a page each.
 *
 * @throws ModelError beyond 64 MiB, and for the same large stretches again and again
 */
export function* withinMap(blocks: Iterable<PreservedBlocks>, pageSize: number): Generator<PreservedBlocks> {
  const pieces = new Set<number>();
  // Of blocks that do not overlap each shares at most its first and its last piece with others.
  let repeated = 0;
  for (const block of blocks) {
    const { address, order, count } = block;
    repeated -= 2;
    const first = Number(address / blockSize(order, pageSize));
    const last = Math.floor((first + count - 1) / (8 * PIECE));
    for (let piece = Math.floor(first / (8 * PIECE)); piece <= last; piece++) {
      // Numbers of blocks end below 2^52, orders below 52.
      const before = pieces.size;
      pieces.add(piece * 64 + order);
      if (pieces.size === before && ++repeated > MAX_MAP / PIECE)
        throw new ModelError('preserved: its entries overlap, again and again');
      if (pieces.size > MAX_MAP / PIECE)
        throw new ModelError('preserved: its map takes more than 64 MiB, more than any real map');
    }
    yield block;
  }
}

function* split(range: Json, pageSize: number, path: string): Generator<PreservedBlocks> {
  const page = BigInt(pageSize);
  const end = Number(jsonWide(range.end, `${path}.end`) / page);
  const start = Number(jsonWide(range.start, `${path}.start`) / page);
  if ((end - start) * pageSize > MAX_RANGE) throw new ModelError(`${path}: has more than 64 TiB`);
  for (let pfn = start; pfn < end; ) {
    const order = Math.min(splitOrder(pfn, end), MAX_SPLIT);
    // Of the largest order there may be a great many.
    const count = order === MAX_SPLIT ? Math.floor((end - pfn) / 2 ** order) : 1;
    yield { address: BigInt(pfn) * page, order, count };
    pfn += count * 2 ** order;
  }
}
