import type { PhysicalMemory } from './physical.js';

/** Bytes read ahead once reads turn out to be sequential. */
const WINDOW = 64 * 1024;
/** Bytes read around a read that comes from elsewhere. */
const FIRST = 4 * 1024;

/**
 * The same memory, made cheap for many small reads one after another: list entries, tokens, strings.
 * Keeps one window; reads of a whole window or more bypass it. What it answers is what `memory` answers,
 * so the memory must not change meanwhile.
 */
export function windowedReader(memory: PhysicalMemory): PhysicalMemory {
  const bytes = new Uint8Array(WINDOW);
  let start = 0;
  let end = 0;

  function read(address: number, length: number, into: Uint8Array): number {
    if (!(address >= start && address + length <= end)) {
      if (length >= WINDOW) return memory.read(address, length, into);
      const sequential = address > start && address <= end;
      const count = memory.read(address, Math.max(length, sequential ? WINDOW : FIRST), bytes);
      start = address;
      end = address + count;
    }
    const from = address - start;
    const count = Math.min(length, end - address);
    // A loop beats the set() of a subarray for the few bytes that are asked for here.
    if (count <= 32) for (let i = 0; i < count; i++) into[i] = bytes[from + i] ?? 0;
    else into.set(bytes.subarray(from, from + count));
    return count;
  }

  return { ...memory, read };
}
