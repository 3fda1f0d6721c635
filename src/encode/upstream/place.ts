/** Physical memory under construction: parts at their addresses, fresh pages where none is given. */
import type { PreservedBlocks } from '../../abi/upstream/model.js';
import { pageSet } from '../../memory/page-set.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { type MemorySegment, segmentLength } from '../../memory/segments.js';
import { ModelError } from '../from-json.js';
import type { Json } from './json.js';

/** Fresh pages start on a boundary of this many bytes after everything else. */
const APART = 1 << 20;

/** Bytes of map pages that a model may ask for: enough for 2 TiB of single 4K pages, and the nodes above. */
const MAX_MAP = 80 << 20;
/** What map pages are put down as. */
export const MAP_PAGE = 'preserved memory map';

export interface Place {
  readonly pageSize: number;
  /** In order of writing; of two that overlap the first counts. */
  readonly segments: MemorySegment[];
  /** Fresh blocks that the map has to keep. */
  readonly kept: PreservedBlocks[];
  readonly messages: string[];
  /** The document, for structures that are at its top, and the keys of those that are written. */
  readonly top?: { readonly document: Json; readonly written: Set<string> };
  /** Puts bytes at a physical address. Throws ModelError when they do not fit physical memory. */
  put(address: bigint, bytes: Uint8Array, what: string): void;
  /** Says that so many bytes will be made. Throws ModelError beyond what the document may ask for. */
  make(bytes: number, what: string): void;
  /** A fresh block of 2^order pages, which the map has to keep. */
  keep(order: number): bigint;
  /** Fresh pages, end to end, that the map does not keep, as its own pages. */
  pages(count: number): number;
}

/** The memory of a document that says all addresses itself. */
export interface SaidPlace extends Pick<Place, 'segments' | 'messages'> {
  /** What nothing says but belongs to a structure: used where a memory does not hold it. */
  readonly filler: MemorySegment[];
  /**
   * Puts bytes at a physical address. What has none is left out, and said, and so is what is over another part.
   *
   * @param size bytes that are filled up with zeros
   */
  put(address: bigint, bytes: Uint8Array, what: string, size?: number): void;
  /** Fills in segments from a physical address on. */
  fill(address: bigint, segments: readonly MemorySegment[], what: string): void;
}

export function createSaidPlace(): SaidPlace {
  const segments: MemorySegment[] = [];
  const filler: MemorySegment[] = [];
  const messages: string[] = [];
  const parts: { readonly what: string; readonly start: number; readonly end: number }[] = [];
  const placed = (address: bigint, size: number, what: string): number | undefined => {
    if (address >= 0n && address + BigInt(size) <= BigInt(PHYSICAL_LIMIT)) return Number(address);
    messages.push(`${what} is left out: 0x${address.toString(16)} is not a physical address`);
    return undefined;
  };
  return {
    ...{ segments, filler, messages },
    put(address, bytes, what, size = bytes.length) {
      const start = placed(address, size, what);
      if (start === undefined) return;
      const end = start + bytes.length;
      if (bytes.length > 0) {
        const other = parts.find((part) => start < part.end && end > part.start);
        if (other !== undefined)
          messages.push(`${what} overlaps ${other.what}; the bytes of ${other.what} are kept`);
        parts.push({ what, start, end });
        segments.push({ address: start, bytes });
      }
      if (size > bytes.length) filler.push({ address: end, zeroLength: size - bytes.length });
    },
    fill(address, pieces, what) {
      const start = placed(
        address,
        Math.max(0, ...pieces.map((each) => each.address + segmentLength(each))),
        what,
      );
      if (start === undefined) return;
      for (const piece of pieces) filler.push({ ...piece, address: start + piece.address });
    },
  };
}

/**
 * @param used half-open ranges of physical byte addresses in which nothing fresh may be
 * @param limit bytes that may be made in all: a few words of a document may stand for a long list
 */
export function createPlace(
  pageSize: number,
  used: Iterable<{ readonly start: bigint | number; readonly end: bigint | number }>,
  limit = Number.POSITIVE_INFINITY,
): Place {
  const segments: MemorySegment[] = [];
  const kept: PreservedBlocks[] = [];
  const messages: string[] = [];
  let map = 0;
  let made = 0;
  const taken = pageSet(used, APART);
  // The room after everything first, then from the top down.
  const gaps = [...taken.uncovered(APART, PHYSICAL_LIMIT)]
    .map(({ start, end }) => ({ next: Number(start), end: Number(end) }))
    .reverse();

  function take(size: number, align = size): bigint {
    for (const gap of gaps) {
      const start = Math.ceil(gap.next / align) * align;
      if (start + size > gap.end) continue;
      gap.next = start + size;
      return BigInt(start);
    }
    throw new ModelError('there is no room for fresh pages');
  }

  function make(bytes: number, what: string): void {
    made += bytes;
    if (made > limit)
      throw new ModelError(
        `${what}: up to here the document asks for more than ${limit >> 20} MiB, which is out of proportion to it (--budget FACTOR raises the limit)`,
      );
  }

  return {
    pageSize,
    segments,
    kept,
    messages,
    put(address, bytes, what) {
      if (address + BigInt(bytes.length) > BigInt(PHYSICAL_LIMIT)) {
        throw new ModelError(`${what}: 0x${address.toString(16)} is not a physical address`);
      }
      if (what === MAP_PAGE) map += bytes.length;
      make(bytes.length, what);
      if (map > MAX_MAP)
        throw new ModelError('preserved: its map takes more than 64 MiB, more than any real map');
      if (bytes.length > 0) segments.push({ address: Number(address), bytes });
    },
    keep(order) {
      const address = take(pageSize * 2 ** order);
      kept.push({ address, order, count: 1 });
      return address;
    },
    pages: (count) => Number(take(count * pageSize, pageSize)),
    make,
  };
}
