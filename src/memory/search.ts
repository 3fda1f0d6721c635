import type { PhysicalMemory } from './physical.js';

/** Called for each place where a pattern stands. */
export type OnPattern = (pattern: number, address: number) => void;

/** A window of present memory while it is searched. */
export interface SearchWindow {
  /** Physical byte address of the first byte. */
  readonly address: number;
  /** Valid until the next window; what lies behind `length` is meaningless. */
  readonly bytes: Uint8Array;
  /** Bytes that no other window has. */
  readonly length: number;
}

const WINDOW = 1 << 16;
/** Every how many bytes the memory is looked at: no pattern is shorter. */
const STRIDE = 4;

/**
 * Searches all present memory, at every byte address, for several patterns in one pass. One byte in four
 * is looked at, which costs little where memory is zero, as most of it is.
 *
 * @param patterns of 4 to 64 bytes, at most eight
 * @param onPattern called in ascending order of addresses within a window
 * @param onWindow called for each window, before its patterns
 */
export function searchMemory(
  memory: PhysicalMemory,
  patterns: readonly Uint8Array[],
  onPattern: OnPattern,
  onWindow: (window: SearchWindow) => void = () => {},
): void {
  const overlap = Math.max(STRIDE, ...patterns.map(({ length }) => length)) - 1;
  const bytes = new Uint8Array(WINDOW + overlap);
  const places = placesOf(patterns);
  for (const { start, end } of presentSpans(memory)) {
    for (let address = start; address < end; address += WINDOW) {
      const read = memory.read(address, Math.min(bytes.length, end - address), bytes);
      const length = Math.min(read, WINDOW);
      onWindow({ address, bytes, length });
      // The sampled byte of a pattern at 0 is the last of its first four.
      for (let at = STRIDE - 1; at < Math.min(read, WINDOW + STRIDE - 1); at += STRIDE) {
        const mask = places[bytes[at] ?? 0] ?? 0;
        if (mask !== 0) report(patterns, mask, bytes, read, at, length, address, onPattern);
      }
    }
  }
}

/** For each byte the pairs (pattern, place in its first four bytes) at which it stands, as bits. */
function placesOf(patterns: readonly Uint8Array[]): Uint32Array {
  const places = new Uint32Array(256);
  patterns.forEach((pattern, index) => {
    for (let place = 0; place < STRIDE; place++) {
      const byte = pattern[place] ?? 0;
      places[byte] = (places[byte] ?? 0) | (1 << (index * STRIDE + place));
    }
  });
  return places;
}

function report(
  patterns: readonly Uint8Array[],
  mask: number,
  bytes: Uint8Array,
  read: number,
  at: number,
  length: number,
  address: number,
  onPattern: OnPattern,
): void {
  // The later a byte stands in the pattern, the lower the address.
  for (let place = STRIDE - 1; place >= 0; place--) {
    const start = at - place;
    if (start < 0 || start >= length) continue;
    patterns.forEach((pattern, index) => {
      if ((mask & (1 << (index * STRIDE + place))) === 0 || start + pattern.length > read) return;
      for (let i = 0; i < pattern.length; i++) if (bytes[start + i] !== pattern[i]) return;
      onPattern(index, address + start);
    });
  }
}

/** Present memory, neighbours joined even where the file does not continue. */
function* presentSpans(memory: PhysicalMemory): Generator<{ start: number; end: number }> {
  let span: { start: number; end: number } | undefined;
  for (const { start, end, state } of memory.known()) {
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
