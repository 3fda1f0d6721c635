import { rawTable } from '../raw.js';
import type { Pattern } from '../search.js';
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
  const opened = memoryWith(input, pageCodecs, options);
  const { fd, path, file, kind } = input;
  const table =
    options.base !== undefined
      ? rawTable(file.size, options.base)
      : kind === 'elf'
        ? opened.elf?.table
        : undefined;
  if (fd === undefined || table === undefined) return opened;
  const stored = { fd, size: file.size, path, table };
  return Object.assign(opened, {
    searchAhead: async (patterns: readonly Pattern[], jobs?: number) => {
      if (jobs === 1 || (jobs === undefined && file.size < WORTH_JOBS)) return;
      const { searchAhead } = await import('./search-jobs.js');
      await searchAhead(opened.memory, stored, patterns, jobs);
    },
  });
}

/** With less there is nothing to search that several threads would be faster with. */
const WORTH_JOBS = 2 ** 30;
