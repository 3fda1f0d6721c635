import { type OpenedInput, openInput } from './input.js';
import { type MemoryOptions, memoryWith, type OpenedMemory } from './memory-of.js';
import { pageCodecs } from './page-codecs.js';

export type { MemoryOptions, OpenedMemory } from './memory-of.js';

/**
 * Opens the physical memory in a file, compressed or not.
 *
 * @param path a file, or `-` for standard input
 * @throws InputError when it cannot be read, or is not memory that the toolkit reads
 */
export async function openMemory(path: string, options: MemoryOptions = {}): Promise<OpenedMemory> {
  const input = await openInput(path, options);
  try {
    return memoryOf(input, options);
  } catch (error) {
    input.close();
    throw error;
  }
}

/**
 * The physical memory in an input that is open already; closing it closes the input.
 *
 * @throws InputError when it is not memory that the toolkit reads
 */
export function memoryOf(input: OpenedInput, options: MemoryOptions = {}): OpenedMemory {
  return memoryWith(input, pageCodecs, options);
}
