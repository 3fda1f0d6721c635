import type { RandomAccess } from '../random-access.js';

/** A bitmap in a file, one bit a page frame, with what is needed to count its set bits quickly. */
export interface PageBitmap {
  /** Set bits in all. */
  readonly count: number;
  /** Whether the bit of a page frame is set; false outside the bitmap. */
  has(pfn: number): boolean;
  /** How many bits below this page frame are set. */
  rank(pfn: number): number;
  /** The first page frame at or above `pfn` whose bit is set (or clear); the end of the bitmap if there is none. */
  next(pfn: number, set: boolean): number;
}

/** Bytes of the bitmap looked at together; each costs one number in the index. */
const CHUNK = 4096;
const CHUNK_FRAMES = CHUNK * 8;

/** Number of set bits of each byte. */
const WEIGHT = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/**
 * Reads the bitmap once to count its bits, and then again in chunks as it is asked: 8 bytes of memory for
 * each 128 MiB of 4 KiB pages, whatever is set.
 *
 * @param offset file offset of the bit of page frame 0; bit i of a byte is the frame i places on
 * @param firstPfn frames below it count as clear
 * @param endPfn frames from it on count as clear; the bits below it are inside the file
 */
export function pageBitmap(file: RandomAccess, offset: number, firstPfn: number, endPfn: number): PageBitmap {
  const firstChunk = Math.floor(firstPfn / CHUNK_FRAMES);
  const chunks = Math.max(0, Math.ceil(endPfn / CHUNK_FRAMES) - firstChunk);
  /** Set bits before each chunk. */
  const before = new Float64Array(chunks + 1);
  const bytes = new Uint8Array(CHUNK);
  let loaded = -1;

  /** Brings a chunk into `bytes`; bits outside [firstPfn, endPfn) are clear in it. */
  function load(chunk: number): void {
    if (chunk === loaded) return;
    loaded = chunk;
    const got = file.readAt(offset + chunk * CHUNK, CHUNK, bytes);
    bytes.fill(0, got);
    const start = chunk * CHUNK_FRAMES;
    if (start < firstPfn) clear(0, firstPfn - start);
    if (start + CHUNK_FRAMES > endPfn) clear(endPfn - start, CHUNK_FRAMES);
  }

  function clear(from: number, to: number): void {
    const firstWhole = (from + 7) >>> 3;
    const lastWhole = to >>> 3;
    if ((from & 7) !== 0) bytes[from >>> 3] = (bytes[from >>> 3] ?? 0) & ((1 << (from & 7)) - 1);
    if (firstWhole < lastWhole) bytes.fill(0, firstWhole, lastWhole);
    if ((to & 7) !== 0 && lastWhole < CHUNK) {
      bytes[lastWhole] = (bytes[lastWhole] ?? 0) & ~((1 << (to & 7)) - 1);
    }
  }

  for (let i = 0; i < chunks; i++) {
    load(firstChunk + i);
    before[i + 1] = (before[i] ?? 0) + weight(bytes, CHUNK);
  }

  function has(pfn: number): boolean {
    if (!(pfn >= firstPfn && pfn < endPfn)) return false;
    const chunk = Math.floor(pfn / CHUNK_FRAMES);
    load(chunk);
    const bit = pfn - chunk * CHUNK_FRAMES;
    return (((bytes[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) !== 0;
  }

  function rank(pfn: number): number {
    const at = Math.min(Math.max(pfn, firstPfn), endPfn);
    const chunk = Math.floor(at / CHUNK_FRAMES);
    const base = before[chunk - firstChunk] ?? 0;
    const bit = at - chunk * CHUNK_FRAMES;
    if (bit === 0) return base;
    load(chunk);
    const partial = (bytes[bit >>> 3] ?? 0) & ((1 << (bit & 7)) - 1);
    return base + weight(bytes, bit >>> 3) + (WEIGHT[partial] ?? 0);
  }

  function next(pfn: number, set: boolean): number {
    let at = Math.max(pfn, firstPfn);
    const plain = set ? 0 : 0xff;
    while (at < endPfn) {
      const chunk = Math.floor(at / CHUNK_FRAMES);
      const total = (before[chunk - firstChunk + 1] ?? 0) - (before[chunk - firstChunk] ?? 0);
      const chunkEnd = (chunk + 1) * CHUNK_FRAMES;
      if (total === (set ? 0 : CHUNK_FRAMES)) {
        at = chunkEnd;
        continue;
      }
      load(chunk);
      for (let bit = at - chunk * CHUNK_FRAMES; bit < CHUNK_FRAMES; ) {
        const byte = bytes[bit >>> 3] ?? 0;
        if ((bit & 7) === 0 && byte === plain) bit += 8;
        else if ((((byte >>> (bit & 7)) & 1) !== 0) === set) {
          return Math.min(chunk * CHUNK_FRAMES + bit, endPfn);
        } else bit++;
      }
      at = chunkEnd;
    }
    return endPfn;
  }

  return { count: before[chunks] ?? 0, has, rank, next };
}

function weight(bytes: Uint8Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += WEIGHT[bytes[i] ?? 0] ?? 0;
  return sum;
}
