import { type FindBytes, findBytes } from './find-bytes.js';
import type { PhysicalMemory } from './physical.js';
import { noteRisingPages, noteRisingPart, type Parts, type RisingPages } from './rising-pages.js';

/** Bytes to look for: at every address, or at multiples of `align` alone. */
export type Pattern = Uint8Array | { readonly bytes: Uint8Array; readonly align: number };

/** Called for each place where a pattern is. */
export type OnPattern = (pattern: number, address: number) => void;

/** A part of a search: windows that follow one another. */
export interface SearchSlice {
  /** Physical byte addresses, half-open; the end is that of a window, or of the span. */
  readonly start: number;
  readonly end: number;
  /** Where the span of present memory ends, into which patterns may extend. */
  readonly spanEnd: number;
}

/** What was found in a slice: pattern and address alternately, in the order of the search. */
export type SliceHits = Float64Array;

/** A search that was made ahead. */
export interface PreparedSearch {
  /** The very list that will be asked for. */
  readonly patterns: readonly Pattern[];
  /** By the address of their first window; slices that are not there are searched when it is their turn. */
  readonly hits: ReadonlyMap<number, { readonly slice: SearchSlice; readonly hits: SliceHits }>;
  /** Counts the read of a window, as reading it would have; false where the budget does not allow it. */
  charge(length: number): boolean;
}

const WINDOW = 1 << 16;

/** Searches that were made ahead, by the memory that was searched: it alone, not what is made of it. */
const prepared = new WeakMap<PhysicalMemory, PreparedSearch>();

/** From now on {@link searchMemory} takes what was found ahead, where it is asked for the same patterns. */
export function prepareSearch(memory: PhysicalMemory, search: PreparedSearch): void {
  prepared.set(memory, search);
}

/**
 * Searches all present memory for several patterns in one pass. Memory that repeats stored bytes at other addresses
 * (aliased segments, pages that share their data) is searched where it comes first.
 *
 * @param patterns of one byte or more
 * @param onPattern called in ascending order of addresses
 */
export function searchMemory(
  memory: PhysicalMemory,
  patterns: readonly Pattern[],
  onPattern: OnPattern,
): void {
  const rising = noteRisingPages(
    memory,
    presentBytes(memory),
    WINDOW + overlapOf(patterns),
    anywhere(patterns),
  );
  const search = createSearch(memory, patterns, rising?.bytes);
  const ahead = prepared.get(memory);
  const known = ahead?.patterns === patterns ? ahead : undefined;
  // What cannot be read any more, as beyond a budget, holds nothing; the next span may.
  const isSpent = () => memory.budget !== undefined && memory.budget.problems().length > 0;
  for (const { start, end } of presentSpans(memory)) {
    for (let address = start; address < end; ) {
      const made = known?.hits.get(address);
      if (known !== undefined && made !== undefined) {
        if (!replay(made.slice, made.hits, search.overlap, known, onPattern) && isSpent()) return;
        address = made.slice.end;
        continue;
      }
      const read = search.read(address, end);
      if (read === 0 && isSpent()) return;
      search.places(address, read, onPattern, rising?.note(address, Math.min(read, WINDOW), read));
      address += WINDOW;
    }
  }
}

/** Tells what was found ahead, window by window: what `onPattern` does may spend of the same budget. */
function replay(
  { start, end, spanEnd }: SearchSlice,
  hits: SliceHits,
  overlap: number,
  { charge }: PreparedSearch,
  onPattern: OnPattern,
): boolean {
  let charged = true;
  let at = 0;
  for (let address = start; address < end; address += WINDOW) {
    charged = charge(Math.min(WINDOW + overlap, spanEnd - address));
    const next = address + WINDOW;
    for (; at < hits.length && (hits[at + 1] as number) < next; at += 2)
      if (charged) onPattern(hits[at] as number, hits[at + 1] as number);
    if (!charged) return false;
  }
  return true;
}

/**
 * Searches one slice, as {@link searchMemory} would.
 *
 * @param most hits that are told
 * @param pages where rising pages are noted
 * @returns undefined where there are more, or where not all of the slice can be read
 */
export function searchSlice(
  memory: PhysicalMemory,
  patterns: readonly Pattern[],
  { start, end, spanEnd }: SearchSlice,
  most: number,
  pages: RisingPages = new Map(),
): SliceHits | undefined {
  const rising = noteRisingPart(pages, WINDOW + overlapOf(patterns), anywhere(patterns));
  const search = createSearch(memory, patterns, rising?.bytes);
  const hits: number[] = [];
  for (let address = start; address < end; address += WINDOW) {
    const read = search.read(address, spanEnd);
    if (read < Math.min(search.bytes.length, spanEnd - address)) return undefined;
    const parts = rising?.note(address, Math.min(read, WINDOW), read);
    search.places(address, read, (pattern, place) => hits.push(pattern, place), parts);
    if (hits.length > 2 * most) return undefined;
  }
  return Float64Array.from(hits);
}

/**
 * All present memory in slices.
 *
 * @param bytes of a slice at most, rounded up to whole windows
 */
export function searchSlices(memory: PhysicalMemory, bytes: number): SearchSlice[] {
  const size = Math.max(1, Math.ceil(bytes / WINDOW)) * WINDOW;
  const slices: SearchSlice[] = [];
  for (const { start, end } of presentSpans(memory))
    for (let at = start; at < end; at += size)
      slices.push({ start: at, end: Math.min(at + size, end), spanEnd: end });
  return slices;
}

/** A search for some patterns, with the window that it reads into. */
interface Search {
  readonly bytes: Uint8Array;
  /** Bytes that windows share with the next one. */
  readonly overlap: number;
  /** @returns bytes read */
  read(address: number, spanEnd: number): number;
  /** The patterns that begin in the window at `address`, of which so many bytes were read; only in `parts`, if given. */
  places(address: number, read: number, onPattern: OnPattern, parts?: Parts): void;
}

/** The patterns that may begin at any address. */
function anywhere(patterns: readonly Pattern[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const pattern of patterns) {
    if (!('bytes' in pattern)) found.push(pattern);
    else if (pattern.align === 1) found.push(pattern.bytes);
  }
  return found;
}

/** Bytes of a window that the next one has too, so that no pattern is cut; one that is aligned is in one of them. */
function overlapOf(patterns: readonly Pattern[]): number {
  return Math.max(1, ...anywhere(patterns).map(({ length }) => length)) - 1;
}

function createSearch(
  memory: PhysicalMemory,
  patterns: readonly Pattern[],
  bytes: Uint8Array = new Uint8Array(WINDOW + overlapOf(patterns)),
): Search {
  const wanted = patterns.map((pattern) => ('bytes' in pattern ? pattern : { bytes: pattern, align: 1 }));
  const overlap = overlapOf(patterns);
  const find = findBytes(bytes);
  return {
    bytes,
    overlap,
    read: (address, spanEnd) => memory.read(address, Math.min(bytes.length, spanEnd - address), bytes),
    places(address, read, onPattern, parts) {
      const length = Math.min(read, WINDOW);
      const places: { readonly pattern: number; readonly at: number }[] = [];
      wanted.forEach((one, pattern) => {
        if (one.align > 1) alignedPlaces(bytes, address, length, one, pattern, places);
        else if (parts === undefined) anyPlaces(find, 0, read, length, one.bytes, pattern, places);
        else
          for (const { start, end } of parts) {
            const part = start === 0 && end === read ? find : findBytes(bytes.subarray(start, end));
            anyPlaces(part, start, end, length, one.bytes, pattern, places);
          }
      });
      if (places.length > 1) places.sort((a, b) => a.at - b.at);
      for (const { pattern, at } of places) onPattern(pattern, address + at);
    },
  };
}

/** Where a pattern begins before `length` and ends before `end`, ascending; `find` looks from `start` on. */
function anyPlaces(
  find: FindBytes,
  start: number,
  end: number,
  length: number,
  bytes: Uint8Array,
  pattern: number,
  places: { readonly pattern: number; readonly at: number }[],
): void {
  const last = Math.min(length - 1, end - bytes.length) - start;
  for (let at = find(bytes, 0); at >= 0 && at <= last; at = find(bytes, at + 1))
    places.push({ pattern, at: start + at });
}

/** Where an aligned pattern is within `length`. */
function alignedPlaces(
  window: Uint8Array,
  address: number,
  length: number,
  { bytes, align }: { readonly bytes: Uint8Array; readonly align: number },
  pattern: number,
  places: { readonly pattern: number; readonly at: number }[],
): void {
  const last = length - bytes.length;
  for (let at = Math.ceil(address / align) * align - address; at <= last; at += align) {
    let i = 0;
    while (i < bytes.length && window[at + i] === bytes[i]) i++;
    if (i === bytes.length) places.push({ pattern, at });
  }
}

function presentBytes(memory: PhysicalMemory): number {
  let bytes = 0;
  for (const { start, end } of presentSpans(memory)) bytes += end - start;
  return bytes;
}

/** Present memory, neighbours joined even where the file does not continue. */
function* presentSpans(memory: PhysicalMemory): Generator<{ start: number; end: number }> {
  let span: { start: number; end: number } | undefined;
  for (const { start, end, state } of memory.distinct?.() ?? memory.known()) {
    if (state !== 'present') continue;
    if (span !== undefined && span.end === start) {
      span.end = end;
    } else {
      if (span !== undefined) yield span;
      span = { start, end };
    }
  }
  if (span !== undefined) yield span;
}
