/** Any physical memory as an ELF core, without holding more than a window of it. */

import type { Machine } from '../memory/elf/header.js';
import { type ElfWriteOptions, elfCoreChunks } from '../memory/elf/write.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { MemorySegment } from '../memory/segments.js';

const WINDOW = 1 << 16;
/** Longest placeholder; longer runs take several. */
const PLACEHOLDER = 1 << 24;

/**
 * The known bytes of a memory as an ELF core, piece by piece; what is known to be zero is not stored.
 *
 * The ELF writer takes segments with their bytes, and yields those arrays again between its own headers and
 * padding. It gets views of one array of the right lengths, which stand for the runs of the memory and are
 * replaced by their bytes as they come.
 */
export function* memoryCoreChunks(
  memory: PhysicalMemory,
  machine: Machine,
  options: ElfWriteOptions = {},
): Generator<Uint8Array> {
  const blank = new Uint8Array(PLACEHOLDER);
  const starts = new Map<Uint8Array, number>();
  const segments: MemorySegment[] = [];
  for (const { start, end, state } of memory.known()) {
    if (state === 'zero') {
      segments.push({ address: start, zeroLength: end - start });
      continue;
    }
    for (let address = start; address < end; address += PLACEHOLDER) {
      const bytes = blank.subarray(0, Math.min(PLACEHOLDER, end - address));
      starts.set(bytes, address);
      segments.push({ address, bytes });
    }
  }
  for (const chunk of elfCoreChunks(segments, machine, options)) {
    const start = starts.get(chunk);
    if (start === undefined) yield chunk;
    else yield* windows(memory, start, chunk.length);
  }
}

function* windows(memory: PhysicalMemory, start: number, length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += WINDOW) {
    const bytes = new Uint8Array(Math.min(WINDOW, length - at));
    memory.read(start + at, bytes.length, bytes);
    yield bytes;
  }
}
