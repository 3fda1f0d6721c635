/** The preserved memory map in each of its forms, as the kernel's writers make it (upstream 2.3.3, 2.4.3). */
import type { PreservedPages } from '../../abi/upstream/model.js';
import { pageShift } from '../../decode/upstream/pages.js';
import { chunkCapacity, setBits, writeChunk, writeSlot } from '../../structures/map/pages.js';
import { type RadixShape, radixKey, radixSlot } from '../../structures/map/shape.js';
import { MAP_PAGE, type Place } from './place.js';

/**
 * Writes a radix tree (kho-v2 on).
 *
 * @param root physical address of its root; a fresh page when none is given
 * @returns the root's address
 */
export function writeRadix(
  place: Place,
  pages: PreservedPages,
  shape: RadixShape,
  root: bigint | undefined,
): bigint {
  const { pageSize } = place;
  const top = node(place, root);
  for (const { address, order, count } of pages.blocks()) {
    const key = radixKey(shape, address, order);
    for (let done = 0; done < count; ) {
      const { leaf, bit } = descend(place, top, shape, key + BigInt(done));
      const bits = Math.min(count - done, pageSize * 8 - bit);
      setBits(leaf, bit, bit + bits);
      done += bits;
    }
  }
  return top.address;
}

interface Node {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly children: Map<number, Node>;
}

function node(place: Place, address: bigint | undefined): Node {
  const made = {
    address: address ?? place.page(),
    bytes: new Uint8Array(place.pageSize),
    children: new Map(),
  };
  place.put(made.address, made.bytes, MAP_PAGE);
  return made;
}

function descend(place: Place, top: Node, shape: RadixShape, key: bigint): { leaf: Uint8Array; bit: number } {
  let at = top;
  for (let level = shape.depth - 1; level > 0; level--) {
    const index = radixSlot(shape, key, level);
    let child = at.children.get(index);
    if (child === undefined) {
      child = node(place, undefined);
      at.children.set(index, child);
      writeSlot(new DataView(at.bytes.buffer), index, child.address);
    }
    at = child;
  }
  return { leaf: at.bytes, bit: Number(key & BigInt(2 ** shape.leafBits - 1)) };
}

/**
 * Writes chunks and bitmaps (kho-v1): orders ascending, each with its own chunks, bitmaps by address.
 *
 * @param bitmapSize bytes of a bitmap, 512 or a page
 * @param head physical address of the first chunk; a fresh page when none is given
 * @returns the head's address; 0 when nothing is preserved
 */
export function writeChunks(
  place: Place,
  pages: PreservedPages,
  bitmapSize: number,
  head: bigint | undefined,
): bigint {
  const bitmaps = createBitmaps(place, bitmapSize);
  const byOrder = collect(pages, bitmapSize, bitmaps.make);
  const capacity = chunkCapacity(place.pageSize);
  const shift = pageShift(place.pageSize);
  const chunks: { order: number; pointers: { physStart: bigint; bitmap: bigint }[] }[] = [];
  for (const [order, list] of [...byOrder].sort(([a], [b]) => a - b)) {
    let chunk: (typeof chunks)[number] | undefined;
    for (const [index, { address }] of [...list].sort(([a], [b]) => a - b)) {
      if (chunk === undefined || chunk.pointers.length === capacity) {
        chunk = { order, pointers: [] };
        chunks.push(chunk);
      }
      const physStart = (BigInt(index) * BigInt(bitmapSize * 8)) << BigInt(order + shift);
      chunk.pointers.push({ physStart, bitmap: address });
    }
  }
  if (chunks.length === 0 && head === 0n) return 0n;
  const first = head === undefined || head === 0n ? place.page() : head;
  const addresses = [first, ...chunks.slice(1).map(() => place.page())];
  if (chunks.length === 0) chunks.push({ order: 0, pointers: [] });
  for (const [i, { order, pointers }] of chunks.entries()) {
    const bytes = new Uint8Array(place.pageSize);
    writeChunk(new DataView(bytes.buffer), { next: addresses[i + 1] ?? 0n, order }, pointers);
    place.put(addresses[i] ?? 0n, bytes, MAP_PAGE);
  }
  return first;
}

interface Bitmap {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Bitmaps of an order by their index: blocks from index × bits on. */
function collect(
  pages: PreservedPages,
  bitmapSize: number,
  make: () => Bitmap,
): Map<number, Map<number, Bitmap>> {
  const byOrder = new Map<number, Map<number, Bitmap>>();
  const bits = bitmapSize * 8;
  for (const { address, order, count } of pages.blocks()) {
    let list = byOrder.get(order);
    if (list === undefined) {
      list = new Map();
      byOrder.set(order, list);
    }
    const first = Number(address / (BigInt(pages.pageSize) << BigInt(order)));
    for (let done = 0; done < count; ) {
      const index = Math.floor((first + done) / bits);
      const bit = first + done - index * bits;
      let bitmap = list.get(index);
      if (bitmap === undefined) {
        bitmap = make();
        list.set(index, bitmap);
      }
      const here = Math.min(count - done, bits - bit);
      setBits(bitmap.bytes, bit, bit + here);
      done += here;
    }
  }
  return byOrder;
}

/** Bitmaps of 512 bytes come from kmalloc, several of them in a page; one of a page each from 6.18 on. */
function createBitmaps(place: Place, bitmapSize: number): { make: () => Bitmap } {
  let page: { address: bigint; bytes: Uint8Array; used: number } | undefined;
  return {
    make() {
      if (page === undefined || page.used + bitmapSize > place.pageSize) {
        page = { address: place.page(), bytes: new Uint8Array(place.pageSize), used: 0 };
        place.put(page.address, page.bytes, 'bitmap of the preserved memory map');
      }
      const at = page.used;
      page.used += bitmapSize;
      return { address: page.address + BigInt(at), bytes: page.bytes.subarray(at, at + bitmapSize) };
    },
  };
}
