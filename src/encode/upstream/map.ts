/** The preserved memory map at its place. */
import type { BlockBits } from '../../decode/upstream/block-bits.js';
import { type LaidMap, layChunks, layRadix } from '../../structures/map/layout.js';
import type { RadixShape } from '../../structures/map/shape.js';
import { MAP_PAGE, type Place } from './place.js';

/**
 * Writes a radix tree (kho-v2 on).
 *
 * @param root physical address of its root; a fresh page when none is given
 * @returns the root's address
 */
export function writeRadix(
  place: Place,
  pages: BlockBits,
  shape: RadixShape,
  root: bigint | undefined,
): bigint {
  const top = root === undefined ? place.pages(1) : Number(root);
  return write(place, layRadix(pages, shape, place.pages, top));
}

/**
 * Writes chunks and bitmaps (kho-v1).
 *
 * @param bitmapSize bytes of a bitmap, 512 or a page
 * @param head physical address of the first chunk; a fresh page when none is given
 * @returns the head's address; 0 when nothing is preserved
 */
export function writeChunks(
  place: Place,
  pages: BlockBits,
  bitmapSize: number,
  head: bigint | undefined,
): bigint {
  if (head === 0n && pages.countBlocks() === 0) return 0n;
  const first = head === undefined || head === 0n ? place.pages(1) : Number(head);
  return write(place, layChunks(pages, bitmapSize, place.pages, first));
}

function write(place: Place, { address, parts }: LaidMap): bigint {
  for (const { address: base, count, write: fill } of parts) {
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(place.pageSize);
      fill(new DataView(bytes.buffer), i);
      place.put(BigInt(base + i * place.pageSize), bytes, MAP_PAGE);
    }
  }
  return BigInt(address);
}
