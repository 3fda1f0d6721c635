/**
 * Preserved blocks as bitmaps, one for each order: as dense as the kernel's own maps (32 MiB for 1 TiB of 4K
 * pages), whatever the pattern, and without an object a block.
 */

import type { AddressRange } from '../../abi/model.js';
import type {
  BlockColumns,
  FrameColumns,
  PreservedBlocks,
  PreservedPages,
} from '../../abi/upstream/model.js';
import { blockSize } from '../../memory/blocks.js';
import type { MapBlocks } from '../../structures/map/layout.js';
import { setBits } from '../../structures/map/pages.js';

/** Blocks in one chunk of a bitmap. */
const CHUNK_BITS = 32768;
const CHUNK_WORDS = CHUNK_BITS / 32;
/** Runs of a batch. */
const BATCH = 4096;

/** The set blocks of one order; a block's number is its address divided by its size. */
interface OrderBits {
  readonly order: number;
  /** Pages of a block. */
  readonly scale: number;
  /** Chunk numbers, ascending. */
  readonly chunks: Float64Array;
  readonly words: readonly Uint32Array[];
  /** Where the last search ended: searches come in sequence. */
  hint: number;
}

/** Blocks that a map can be written of. */
export type BlockBits = PreservedPages & MapBlocks;

/** Collects blocks in any order. */
export interface BlockBitsBuilder {
  /** Adds `count` adjacent blocks from block number `first` on (address = number × pageSize × 2^order). */
  addRun(order: number, first: number, count: number): void;
  /** Adds the set bits of a kernel bitmap; bit 0 stands for block `first`. Returns how many are set. */
  addBitmap(order: number, first: number, bytes: Uint8Array): number;
  finish(): BlockBits;
}

/**
 * Makes a builder. Block numbers are below 2^52, orders 0 to 52.
 *
 * @param pageSize bytes, a power of two
 */
export function createBlockBits(pageSize: number): BlockBitsBuilder {
  const byOrder = new Map<number, Map<number, Uint32Array>>();
  let lastOrder = -1;
  let lastChunk = -1;
  let last: Uint32Array = new Uint32Array(0);

  function chunkOf(order: number, chunk: number): Uint32Array {
    if (order === lastOrder && chunk === lastChunk) return last;
    let chunks = byOrder.get(order);
    if (chunks === undefined) {
      chunks = new Map();
      byOrder.set(order, chunks);
    }
    let words = chunks.get(chunk);
    if (words === undefined) {
      words = new Uint32Array(CHUNK_WORDS);
      chunks.set(chunk, words);
    }
    lastOrder = order;
    lastChunk = chunk;
    last = words;
    return words;
  }

  function addWord(order: number, first: number, word: number): void {
    const chunk = Math.floor(first / CHUNK_BITS);
    const bit = first - chunk * CHUNK_BITS;
    const shift = bit & 31;
    const words = chunkOf(order, chunk);
    const index = bit >>> 5;
    words[index] = (words[index] ?? 0) | (word << shift);
    if (shift === 0) return;
    const rest = word >>> (32 - shift);
    if (rest === 0) return;
    if (index + 1 < CHUNK_WORDS) words[index + 1] = (words[index + 1] ?? 0) | rest;
    else chunkOf(order, chunk + 1)[0] = (chunkOf(order, chunk + 1)[0] ?? 0) | rest;
  }

  return {
    addRun(order, first, count) {
      let at = first;
      for (let left = count; left > 0; ) {
        const bits = Math.min(left, 32 - (at % 32));
        addWord(order, at, bits === 32 ? -1 : (1 << bits) - 1);
        at += bits;
        left -= bits;
      }
    },
    addBitmap(order, first, bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const words = bytes.length >>> 2;
      let count = 0;
      for (let i = 0; i < words; i++) {
        const word = view.getInt32(i * 4, true);
        if (word === 0) continue;
        addWord(order, first + i * 32, word);
        count += popcount(word);
      }
      return count;
    },
    finish() {
      const orders = [...byOrder].sort(([a], [b]) => a - b).map(([order, chunks]) => columns(order, chunks));
      return preservedPages(orders, pageSize);
    },
  };
}

/** The set that these blocks make, e.g. those of a JSON model. */
export function blockBits(blocks: Iterable<PreservedBlocks>, pageSize: number): BlockBits {
  const builder = createBlockBits(pageSize);
  for (const { address, order, count } of blocks) {
    builder.addRun(order, Number(address / blockSize(order, pageSize)), count);
  }
  return builder.finish();
}

function columns(order: number, chunks: ReadonlyMap<number, Uint32Array>): OrderBits {
  const sorted = [...chunks].sort(([a], [b]) => a - b);
  return {
    order,
    scale: 2 ** order,
    chunks: Float64Array.from(sorted, ([chunk]) => chunk),
    words: sorted.map(([, words]) => words),
    hint: 0,
  };
}

function preservedPages(orders: readonly OrderBits[], pageSize: number): BlockBits {
  const size = BigInt(pageSize);

  /**
   * End of the longest covered stretch from `pfn` on that one order gives; `pfn` itself when it is not covered.
   * Not looked for far after `limit`.
   */
  function reach(pfn: number, limit: number): number {
    let end = pfn;
    for (const bits of orders) {
      const block = Math.floor(pfn / bits.scale);
      const stop = nextClear(bits, block, limit / bits.scale);
      if (stop > block) end = Math.max(end, stop * bits.scale);
    }
    return end;
  }

  function* runColumns(): Generator<FrameColumns> {
    const start = new Float64Array(BATCH);
    const end = new Float64Array(BATCH);
    let length = 0;
    const cursors = orders.map(blockCursor);
    for (;;) {
      let first = Number.POSITIVE_INFINITY;
      for (const { at, scale } of cursors) if (at * scale < first) first = at * scale;
      if (first === Number.POSITIVE_INFINITY) break;
      let last = first;
      for (let grew = true; grew; ) {
        grew = false;
        for (const cursor of cursors) {
          while (cursor.at * cursor.scale <= last) {
            const stop = cursor.stop * cursor.scale;
            if (stop > last) {
              last = stop;
              grew = true;
            }
            advance(cursor);
          }
        }
      }
      start[length] = first;
      end[length++] = last;
      if (length === BATCH) {
        yield { length, start, end };
        length = 0;
      }
    }
    if (length > 0) yield { length, start, end };
  }

  function* runs(): Generator<{ start: number; end: number }> {
    for (const { length, start, end } of runColumns()) {
      for (let i = 0; i < length; i++) yield { start: start[i] as number, end: end[i] as number };
    }
  }

  function* blockColumns(): Generator<BlockColumns> {
    const pfn = new Float64Array(BATCH);
    const order = new Uint8Array(BATCH);
    const count = new Float64Array(BATCH);
    let length = 0;
    const cursors = orders.map(blockCursor);
    for (;;) {
      let lowest = Number.POSITIVE_INFINITY;
      let found: BlockCursor | undefined;
      for (const cursor of cursors) {
        const frame = cursor.at * cursor.scale;
        if (frame < lowest) {
          lowest = frame;
          found = cursor;
        }
      }
      if (found === undefined) break;
      pfn[length] = lowest;
      order[length] = found.order;
      count[length++] = found.stop - found.at;
      advance(found);
      if (length === BATCH) {
        yield { length, pfn, order, count };
        length = 0;
      }
    }
    if (length > 0) yield { length, pfn, order, count };
  }

  function* blocks(): Generator<PreservedBlocks> {
    for (const { length, pfn, order, count } of blockColumns()) {
      for (let i = 0; i < length; i++) {
        const address = BigInt(pfn[i] as number) * size;
        yield { address, order: order[i] as number, count: count[i] as number };
      }
    }
  }

  function nextCovered(first: number, limit: number): number {
    if (reach(first, first + 1) > first) return Math.min(first, limit);
    let next = limit;
    for (const bits of orders) {
      next = Math.min(next, nextSet(bits, Math.ceil(first / bits.scale), next / bits.scale) * bits.scale);
    }
    return next;
  }

  function coveredUntil(first: number, limit: number): number {
    let pfn = first;
    while (pfn < limit) {
      const covered = reach(pfn, limit);
      if (covered === pfn) return pfn;
      pfn = covered;
    }
    return limit;
  }

  function* uncovered(start: bigint | number, end: bigint | number): Generator<AddressRange> {
    const stop = BigInt(end);
    const last = Number((stop + size - 1n) / size);
    for (let at = BigInt(start); at < stop; ) {
      const pfn = Number(at / size);
      const covered = reach(pfn, last);
      if (covered > pfn) {
        at = BigInt(covered) * size;
        continue;
      }
      let next = Number.POSITIVE_INFINITY;
      for (const bits of orders)
        next = Math.min(next, nextSet(bits, Math.ceil(pfn / bits.scale)) * bits.scale);
      const limit = next === Number.POSITIVE_INFINITY ? stop : BigInt(next) * size;
      yield { start: at, end: limit < stop ? limit : stop };
      at = limit;
    }
  }

  function countBlocks(): number {
    let count = 0;
    for (const { words } of orders)
      for (const chunk of words) for (const word of chunk) count += popcount(word);
    return count;
  }

  return {
    pageSize,
    orders: orders.map(({ order }) => order),
    blocks,
    blockColumns,
    runs,
    runColumns,
    *ranges() {
      for (const { start, end } of runs()) yield { start: BigInt(start) * size, end: BigInt(end) * size };
    },
    countBlocks,
    countPages() {
      const [only, ...others] = orders;
      if (only !== undefined && others.length === 0) return countBlocks() * only.scale;
      let pages = 0;
      for (const { start, end } of runs()) pages += end - start;
      return pages;
    },
    contains: (pfn) => orders.some((bits) => isSet(bits, Math.floor(pfn / bits.scale))),
    has: (pfn, order) =>
      orders.some((bits) => bits.order === order && pfn % bits.scale === 0 && isSet(bits, pfn / bits.scale)),
    ordersAt: (pfn) =>
      orders
        .filter((bits) => pfn % bits.scale === 0 && isSet(bits, pfn / bits.scale))
        .map(({ order }) => order),
    smallestAt(pfn) {
      // Asked for every folio of a guest: no closure, no object.
      for (let i = 0; i < orders.length; i++) {
        const bits = orders[i] as OrderBits;
        // A scale is a power of two, so that the quotient is exact; the remainder of doubles is slow.
        const block = pfn / bits.scale;
        if (block === Math.floor(block) && isSet(bits, block)) return bits.order;
      }
      return -1;
    },
    largestAt(pfn) {
      // A block begins at a multiple of its size: of most page frames few orders come into question.
      const low = pfn | 0;
      const zeros = low === 0 ? 32 : 31 - Math.clz32(low & -low);
      for (let i = orders.length - 1; i >= 0; i--) {
        const bits = orders[i] as OrderBits;
        if (bits.order > zeros && (zeros < 32 || pfn % bits.scale !== 0)) continue;
        if (isSet(bits, pfn / bits.scale)) return bits.order;
      }
      return -1;
    },
    groups(bits) {
      const found = new Map<number, number[]>();
      for (const own of orders) {
        const groups: number[] = [];
        for (let block = nextSet(own, 0); block < Number.POSITIVE_INFINITY; ) {
          const group = Math.floor(block / bits);
          groups.push(group);
          block = nextSet(own, (group + 1) * bits);
        }
        found.set(own.order, groups);
      }
      return found;
    },
    fill(bitmap, order, first, bits, at) {
      const own = orders.find((each) => each.order === order);
      if (own === undefined) return;
      const end = first + bits;
      for (let block = nextSet(own, first, end); block < end; ) {
        const stop = Math.min(nextClear(own, block, end), end);
        setBits(bitmap, at + block - first, at + stop - first);
        block = nextSet(own, stop, end);
      }
    },
    coveredUntil,
    nextCovered,
    covers(start, end) {
      if (!(start < end)) return true;
      const last = Number((BigInt(end) + size - 1n) / size);
      return coveredUntil(Number(BigInt(start) / size), last) === last;
    },
    uncovered,
  };
}

/** The next run of adjacent blocks of one order. */
interface BlockCursor {
  readonly bits: OrderBits;
  readonly order: number;
  readonly scale: number;
  /** Blocks [at, stop); Infinity at the end. */
  at: number;
  stop: number;
  /** Chunk in which the run ends, and its number. */
  chunk: number;
}

function blockCursor(bits: OrderBits): BlockCursor {
  const cursor = { bits, order: bits.order, scale: bits.scale, at: 0, stop: 0, chunk: 0 };
  advance(cursor);
  return cursor;
}

/** Moves to the next run. Unlike {@link nextSet} it need not look for its chunk. */
function advance(cursor: BlockCursor): void {
  const { chunks, words } = cursor.bits;
  let { chunk } = cursor;
  let bit = chunk < chunks.length ? cursor.stop - (chunks[chunk] as number) * CHUNK_BITS : 0;
  // In the first chunk at all the run before ends where it begins, or before.
  if (bit < 0) bit = 0;
  for (; chunk < chunks.length; chunk++) {
    const first = scan(words[chunk], bit, 0);
    if (first < CHUNK_BITS) {
      const base = (chunks[chunk] as number) * CHUNK_BITS;
      cursor.at = base + first;
      let stop = scan(words[chunk], first, -1);
      while (stop === CHUNK_BITS && chunks[chunk + 1] === (chunks[chunk] as number) + 1) {
        stop = scan(words[chunk + 1], 0, -1);
        chunk++;
      }
      cursor.stop = (chunks[chunk] as number) * CHUNK_BITS + stop;
      cursor.chunk = chunk;
      return;
    }
    bit = 0;
  }
  cursor.at = Number.POSITIVE_INFINITY;
  cursor.stop = Number.POSITIVE_INFINITY;
  cursor.chunk = chunk;
}

/** Position of the first chunk numbered `chunk` or above. */
function findChunk(bits: OrderBits, chunk: number): number {
  const { chunks, hint } = bits;
  if (chunks[hint] === chunk) return hint;
  if (chunks[hint + 1] === chunk) {
    bits.hint = hint + 1;
    return hint + 1;
  }
  // Between two chunks that follow each other in the list: asked for again and again where an order is rare.
  const next = chunks[hint] ?? Number.POSITIVE_INFINITY;
  if (next > chunk && (hint === 0 || (chunks[hint - 1] as number) < chunk)) return hint;
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunks[middle] ?? 0) < chunk) low = middle + 1;
    else high = middle;
  }
  bits.hint = low;
  return low;
}

function isSet(bits: OrderBits, block: number): boolean {
  const chunk = Math.floor(block / CHUNK_BITS);
  const at = findChunk(bits, chunk);
  if (bits.chunks[at] !== chunk) return false;
  const bit = block - chunk * CHUNK_BITS;
  return (((bits.words[at]?.[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
}

/** The first set block at `block` or after it; Infinity when there is none, or none before `limit`. */
function nextSet(bits: OrderBits, block: number, limit = Number.POSITIVE_INFINITY): number {
  const chunk = Math.floor(block / CHUNK_BITS);
  let bit = block - chunk * CHUNK_BITS;
  for (let at = findChunk(bits, chunk); at < bits.chunks.length; at++) {
    const here = bits.chunks[at] ?? 0;
    if (here * CHUNK_BITS >= limit) break;
    if (here !== chunk) bit = 0;
    const found = scan(bits.words[at], bit, 0);
    if (found < CHUNK_BITS) return here * CHUNK_BITS + found;
  }
  return Number.POSITIVE_INFINITY;
}

/** The first block at `block` or after it that is not set; some set one at or after `limit` when all before are. */
function nextClear(bits: OrderBits, block: number, limit = Number.POSITIVE_INFINITY): number {
  let chunk = Math.floor(block / CHUNK_BITS);
  let bit = block - chunk * CHUNK_BITS;
  for (let at = findChunk(bits, chunk); bits.chunks[at] === chunk; at++) {
    const found = scan(bits.words[at], bit, -1);
    if (found < CHUNK_BITS) return chunk * CHUNK_BITS + found;
    chunk++;
    bit = 0;
    if (chunk * CHUNK_BITS >= limit) break;
  }
  return chunk * CHUNK_BITS + bit;
}

/** First bit from `bit` on that is 1 after the words were xored with `flip`; CHUNK_BITS when there is none. */
function scan(words: Uint32Array | undefined, bit: number, flip: 0 | -1): number {
  if (words === undefined) return CHUNK_BITS;
  let index = bit >>> 5;
  let word = ((words[index] ?? 0) ^ flip) & (-1 << (bit & 31));
  while (word === 0) {
    index++;
    if (index >= CHUNK_WORDS) return CHUNK_BITS;
    word = (words[index] ?? 0) ^ flip;
  }
  return index * 32 + 31 - Math.clz32(word & -word);
}

function popcount(word: number): number {
  let value = word - ((word >>> 1) & 0x5555_5555);
  value = (value & 0x3333_3333) + ((value >>> 2) & 0x3333_3333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
