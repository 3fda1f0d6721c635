import { backedMemory } from './backed.js';
import { joinedAccess } from './joined.js';
import type { PhysicalMemory } from './physical.js';
import { PHYSICAL_LIMIT } from './physical.js';
import { addPiece, buildRunTable, createPieces, ZERO_RUN } from './run-table.js';

/** A piece of physical memory to put somewhere: bytes, or a number of zero bytes that are not stored. */
export type MemorySegment =
  | { readonly address: number; readonly bytes: Uint8Array }
  | { readonly address: number; readonly zeroLength: number };

/** Size of a segment in bytes. */
export function segmentLength(segment: MemorySegment): number {
  return 'bytes' in segment ? segment.bytes.length : segment.zeroLength;
}

/**
 * Physical memory made of segments: pages that a builder made, a blob read from a file of its own. Where
 * two overlap, the first wins. Bytes are kept, not copied.
 *
 * @throws RangeError for a segment that is not in [0, 2^52)
 *
 * @example
 * ```ts
 * import { readBytes, segmentsMemory } from 'kho-toolkit';
 *
 * const memory = segmentsMemory([{ address: 0x1000, bytes: Uint8Array.of(1) }, { address: 0x1001, zeroLength: 15 }], 'example');
 * console.log(readBytes(memory, 0x1000, 4)?.join(' ')); //=> 1 0 0 0
 * ```
 */
export function segmentsMemory(segments: readonly MemorySegment[], description: string): PhysicalMemory {
  const pieces = createPieces(segments.length);
  /** Laid end to end they are the "file" that the runs point into. */
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const segment of segments) {
    const end = segment.address + segmentLength(segment);
    if (!(Number.isSafeInteger(segment.address) && segment.address >= 0 && end <= PHYSICAL_LIMIT)) {
      throw new RangeError(`segment at ${segment.address} is outside physical memory (2^52 bytes)`);
    }
    if ('bytes' in segment) {
      if (segment.bytes.length === 0) continue;
      addPiece(pieces, segment.address, end, size);
      parts.push(segment.bytes);
      size += segment.bytes.length;
    } else {
      addPiece(pieces, segment.address, end, ZERO_RUN);
    }
  }
  const { table } = buildRunTable(pieces);
  const backing = joinedAccess(
    parts.map(({ length }) => length),
    (index, from, into) => into.set((parts[index] as Uint8Array).subarray(from, from + into.length)),
  );
  return backedMemory(backing, table, description, false);
}

/**
 * One blob at a physical address; see {@link segmentsMemory}.
 *
 * @example
 * ```ts
 * import { blobMemory } from 'kho-toolkit';
 *
 * for (const { start, end, state } of blobMemory(0x1000, new Uint8Array(16)).runs(0x1000, 0x1020)) console.log(start, end, state);
 * //=> 4096 4112 present
 * //=> 4112 4128 absent
 * ```
 */
export function blobMemory(address: number, bytes: Uint8Array): PhysicalMemory {
  return segmentsMemory([{ address, bytes }], `${bytes.length} bytes at 0x${address.toString(16)}`);
}

const PAGE = 4096;

/** Bytes from a page on as segments; pages of zeros are not stored. */
export function sparseSegments(address: number, bytes: Uint8Array): MemorySegment[] {
  const segments: MemorySegment[] = [];
  let zeroFrom = -1;
  const flush = (end: number): void => {
    if (zeroFrom >= 0) segments.push({ address: address + zeroFrom, zeroLength: end - zeroFrom });
    zeroFrom = -1;
  };
  for (let at = 0; at < bytes.length; at += PAGE) {
    const page = bytes.subarray(at, at + PAGE);
    if (page.every((byte) => byte === 0)) {
      if (zeroFrom < 0) zeroFrom = at;
      continue;
    }
    flush(at);
    segments.push({ address: address + at, bytes: page });
  }
  flush(bytes.length);
  return segments;
}

/** Memory of which nothing is known. */
export function emptyMemory(): PhysicalMemory {
  return segmentsMemory([], 'no memory');
}
