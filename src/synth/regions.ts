/** Physical memory whose bytes are made when they are read, so that a dump of any size needs no room. */
import { backedMemory } from '../memory/backed.js';
import { joinedAccess } from '../memory/joined.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { addPiece, buildRunTable, createPieces, ZERO_RUN } from '../memory/run-table.js';

/** A range of physical memory. */
export interface Region {
  /** What is there, for people: `page tables of domain 1`. */
  readonly what: string;
  /** Physical byte address. */
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  /**
   * Writes the bytes from `offset` on into all of `into`, which is zero before. A region without it reads as
   * zero and takes no room in a core.
   */
  readonly fill?: (into: Uint8Array, offset: number) => void;
}

/** A region of bytes that are there. */
export function bytesRegion(what: string, address: number, bytes: Uint8Array): Region {
  return {
    what,
    address,
    size: bytes.length,
    fill: (into, offset) => into.set(bytes.subarray(offset, offset + into.length)),
  };
}

/**
 * A region of pages, each made on its own.
 *
 * @param write fills page `index`, which is zero before
 */
export function pagesRegion(
  what: string,
  address: number,
  pageSize: number,
  count: number,
  write: (page: DataView, index: number) => void,
): Region {
  const last = new Uint8Array(pageSize);
  const view = new DataView(last.buffer);
  let lastIndex = -1;
  return {
    what,
    address,
    size: pageSize * count,
    fill(into, offset) {
      for (let done = 0; done < into.length; ) {
        const index = Math.floor((offset + done) / pageSize);
        const at = offset + done - index * pageSize;
        const length = Math.min(pageSize - at, into.length - done);
        if (index !== lastIndex) {
          last.fill(0);
          write(view, index);
          lastIndex = index;
        }
        into.set(last.subarray(at, at + length), done);
        done += length;
      }
    },
  };
}

/**
 * The memory that regions make.
 *
 * @throws RangeError for regions that overlap: they are made by one plan, which has then gone wrong
 */
export function regionsMemory(regions: readonly Region[], description: string): PhysicalMemory {
  const pieces = createPieces(regions.length);
  const stored = regions.filter(({ fill, size }) => fill !== undefined && size > 0);
  let size = 0;
  for (const region of regions) {
    if (region.size === 0) continue;
    const end = region.address + region.size;
    if (region.fill === undefined) {
      addPiece(pieces, region.address, end, ZERO_RUN);
      continue;
    }
    addPiece(pieces, region.address, end, size);
    size += region.size;
  }
  const { table, overlapped } = buildRunTable(pieces);
  if (overlapped > 0) throw new RangeError(`${overlapped} bytes of a synthesised dump are claimed twice`);
  const backing = joinedAccess(
    stored.map((region) => region.size),
    (index, from, into) => {
      into.fill(0);
      stored[index]?.fill?.(into, from);
    },
  );
  return backedMemory(backing, table, description, false);
}
