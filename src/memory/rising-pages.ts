/**
 * Pages of 512 words of which each is a page more than the one before: tables that map a stretch of memory page by page,
 * as IOMMUs without large pages have them for all memory of a guest. Such a page is known by its first word. Whoever
 * reads all memory notes them, so that whoever walks tables later need not read most of them again.
 */
import { LITTLE_ENDIAN_HOST } from './host-order.js';
import type { PhysicalMemory } from './physical.js';
import { createRisingScan } from './rising-scan.js';

const PAGE = 4096;
/** Pages that are noted together: 1 MiB. */
export const RISING_CHUNK = 256;
const CHUNK = RISING_CHUNK;
/** Chunks noted at most, 16 MiB for all: what is above them is read again. */
const MOST_CHUNKS = 8192;
/** With less memory than this, reading it again takes less than the preparations. */
const WORTH_NOTING = 16 << 20;

/** The pages that were noted, by MiB: of each page its first word, low half first; 0 for any other page. */
export type RisingPages = Map<number, Int32Array>;

/** By the memory that was read: it alone, not what is made of it. */
const known = new WeakMap<PhysicalMemory, RisingPages>();

/**
 * The pages of a memory that were noted.
 *
 * @returns undefined where nobody has read it as a whole
 */
export function risingPagesOf(memory: PhysicalMemory): RisingPages | undefined {
  return known.get(memory);
}

/** Notes pages while memory is read. */
export interface RisingNotes {
  /** To read into. */
  readonly bytes: Uint8Array;
  /**
   * Notes what rises of a window.
   *
   * @param address of its first byte
   * @param length bytes that were read, 16 pages at most
   * @param read with those that the next window has too
   * @returns where a pattern may be
   */
  note(address: number, length: number, read: number): Parts;
}

/** Parts of a window, ascending, in bytes; each as far as a pattern reaches into the pages around it. */
export type Parts = readonly { readonly start: number; readonly end: number }[];

/**
 * Prepares for noting the pages of a memory, which will be read from its start to its end.
 *
 * @param present bytes that there are to read
 * @param size of a window
 * @param patterns looked for besides, at any address
 * @returns undefined where that is not worth it, has been done, or the host has another byte order
 */
export function noteRisingPages(
  memory: PhysicalMemory,
  present: number,
  size: number,
  patterns: readonly Uint8Array[],
): RisingNotes | undefined {
  if (!LITTLE_ENDIAN_HOST || present < WORTH_NOTING || known.has(memory)) return undefined;
  const pages: RisingPages = new Map();
  known.set(memory, pages);
  return noteInto(pages, size, patterns);
}

/**
 * The same where several threads read parts of a memory each, and {@link addRisingPages} puts together what they noted.
 *
 * @returns undefined where the host has another byte order
 */
export function noteRisingPart(
  pages: RisingPages,
  size: number,
  patterns: readonly Uint8Array[],
): RisingNotes | undefined {
  return LITTLE_ENDIAN_HOST ? noteInto(pages, size, patterns) : undefined;
}

/** From now on these pages of a memory are known too. */
export function addRisingPages(memory: PhysicalMemory, pages: RisingPages): void {
  const all = known.get(memory) ?? new Map<number, Int32Array>();
  known.set(memory, all);
  for (const [index, chunk] of pages) {
    const before = all.get(index);
    if (before === undefined) {
      if (all.size < MOST_CHUNKS) all.set(index, chunk);
    } else for (let i = 0; i < chunk.length; i++) before[i] = (before[i] as number) | (chunk[i] as number);
  }
}

function noteInto(pages: RisingPages, size: number, patterns: readonly Uint8Array[]): RisingNotes {
  const scan = createRisingScan(
    size,
    patterns.flatMap((pattern) => [...pattern]),
  );
  const { bytes, firsts } = scan;
  const reach = Math.max(1, ...patterns.map(({ length }) => length)) - 1;
  // Of 4 bytes that follow one another one is where all words of a page have the same.
  const spares = patterns.every(({ length }) => length >= 4 && length < PAGE / 2);
  return {
    bytes,
    note(address, length, read) {
      const skipped = (PAGE - (address % PAGE)) % PAGE;
      const count = Math.floor((length - skipped) / PAGE);
      const found = skipped % 4 === 0 && count > 0 ? scan.scan(skipped, count) : 0;
      if (found !== 0) noteWindow(pages, firsts, (address + skipped) / PAGE, count);
      return partsBeside(spares ? found >>> 16 : 0, skipped, read, reach);
    },
  };
}

/** The parts of a window beside the pages that have a bit. */
function partsBeside(pages: number, skipped: number, read: number, reach: number): Parts {
  const parts: { start: number; end: number }[] = [];
  let start = 0;
  for (let rest = pages, at = skipped; rest !== 0; rest >>>= 1, at += PAGE) {
    if ((rest & 1) === 0) continue;
    if (at > start) parts.push({ start: Math.max(0, start - reach), end: Math.min(read, at + reach) });
    start = at + PAGE;
  }
  if (start < read) parts.push({ start: Math.max(0, start - reach), end: read });
  return parts;
}

/** @param frame of the first page */
function noteWindow(pages: RisingPages, firsts: Int32Array, frame: number, count: number): void {
  for (let i = 0; i < count; ) {
    const index = Math.floor((frame + i) / CHUNK);
    const first = (frame + i) % CHUNK;
    const part = Math.min(count - i, CHUNK - first);
    let chunk = pages.get(index);
    if (chunk === undefined) {
      if (pages.size >= MOST_CHUNKS) return;
      chunk = new Int32Array(2 * CHUNK);
      pages.set(index, chunk);
    }
    chunk.set(firsts.subarray(2 * i, 2 * (i + part)), 2 * first);
    i += part;
  }
}
