import { type FindBytes, findBytes } from './find-bytes.js';
import type { PhysicalMemory } from './physical.js';

/** Called for each place where a pattern is. */
export type OnPattern = (pattern: number, address: number) => void;

/** A window of present memory while it is searched. */
export interface SearchWindow {
  /** Physical byte address of the first byte. */
  readonly address: number;
  /** Valid until the next window; what is after `length` is meaningless. */
  readonly bytes: Uint8Array;
  /** Bytes that no other window has. */
  readonly length: number;
}

const WINDOW = 1 << 16;

/**
 * Searches all present memory, at every byte address, for several patterns in one pass. Memory that repeats stored
 * bytes at other addresses (aliased segments, pages that share their data) is searched where it comes first.
 *
 * @param patterns of one byte or more
 * @param onPattern called in ascending order of addresses
 * @param onWindow called for each window, before its patterns
 */
export function searchMemory(
  memory: PhysicalMemory,
  patterns: readonly Uint8Array[],
  onPattern: OnPattern,
  onWindow: (window: SearchWindow) => void = () => {},
): void {
  const overlap = Math.max(1, ...patterns.map(({ length }) => length)) - 1;
  const bytes = new Uint8Array(WINDOW + overlap);
  const find = findBytes(bytes);
  for (const { start, end } of presentSpans(memory)) {
    for (let address = start; address < end; address += WINDOW) {
      const read = memory.read(address, Math.min(bytes.length, end - address), bytes);
      // What cannot be read any more, as beyond a budget, holds nothing; the next span may.
      if (read === 0 && memory.budget !== undefined && memory.budget.problems().length > 0) return;
      const length = Math.min(read, WINDOW);
      onWindow({ address, bytes, length });
      for (const { pattern, at } of placesOf(patterns, find, read, length)) onPattern(pattern, address + at);
    }
  }
}

/** Where patterns begin before `length` and end before `read`, ascending. */
function placesOf(
  patterns: readonly Uint8Array[],
  find: FindBytes,
  read: number,
  length: number,
): { readonly pattern: number; readonly at: number }[] {
  const places: { pattern: number; at: number }[] = [];
  patterns.forEach((bytes, pattern) => {
    const last = Math.min(length - 1, read - bytes.length);
    for (let at = find(bytes, 0); at >= 0 && at <= last; at = find(bytes, at + 1))
      places.push({ pattern, at });
  });
  return places.sort((a, b) => a.at - b.at);
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
