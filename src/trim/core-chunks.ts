/** Selected bytes of a memory as an ELF core, without holding more than a window of it. */
import type { Machine } from '../memory/elf/header.js';
import { type ElfWriteOptions, elfCoreChunks } from '../memory/elf/write.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { MemorySegment } from '../memory/segments.js';
import { type ByteRanges, within } from './byte-ranges.js';

/** Longer than what is gathered for one write, so that it is written as it is. */
const WINDOW = 1 << 18;
/** Longest placeholder; longer runs take several. */
const PLACEHOLDER = 1 << 24;

/**
 * Writes the core, piece by piece. The ELF writer yields the arrays of its segments again between its own
 * headers and padding: it gets views of one array, which stand for runs of pages and are replaced by their
 * bytes as they come.
 *
 * @param kept bytes that are copied; known in `memory`
 * @param covered bytes that are in the core, zero where they are not kept
 * @param notes what else the core says
 */
export function* coreChunks(
  memory: PhysicalMemory,
  kept: ByteRanges,
  covered: ByteRanges,
  machine: Machine,
  notes: ElfWriteOptions,
): Generator<Uint8Array> {
  const blank = new Uint8Array(PLACEHOLDER);
  const starts = new Map<Uint8Array, number>();
  const segments: MemorySegment[] = [];
  for (let i = 0; i < covered.count; i++) {
    const end = covered.ends[i] ?? 0;
    for (let address = covered.starts[i] ?? 0; address < end; address += PLACEHOLDER) {
      const bytes = blank.subarray(0, Math.min(PLACEHOLDER, end - address));
      starts.set(bytes, address);
      segments.push({ address, bytes });
    }
  }
  for (const chunk of elfCoreChunks(segments, machine, notes)) {
    const start = starts.get(chunk);
    if (start === undefined) yield chunk;
    else yield* windows(memory, kept, start, chunk.length);
  }
}

function* windows(
  memory: PhysicalMemory,
  kept: ByteRanges,
  start: number,
  length: number,
): Generator<Uint8Array> {
  for (let at = start; at < start + length; at += WINDOW) {
    const bytes = new Uint8Array(Math.min(WINDOW, start + length - at));
    for (const part of within(kept, at, at + bytes.length)) {
      memory.read(part.start, part.end - part.start, bytes.subarray(part.start - at));
    }
    yield bytes;
  }
}
