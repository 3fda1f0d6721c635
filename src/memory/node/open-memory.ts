import type { MemoryDiagnostic } from '../diagnostics.js';
import { type ElfCore, elfMemory, parseElfCore } from '../elf/core.js';
import type { PhysicalMemory } from '../physical.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import { InputError } from './errors.js';
import { type OpenedInput, type OpenOptions, openInput } from './input.js';
import { describeHead } from './recognise.js';

/** Physical memory read from a file, with what the file says about it. */
export interface OpenedMemory {
  readonly memory: PhysicalMemory;
  /** The headers, when it is an ELF core. */
  readonly elf?: ElfCore;
  readonly vmcoreinfo?: Vmcoreinfo;
  /** What is wrong with the file, though it could be used. */
  readonly diagnostics: readonly MemoryDiagnostic[];
  /** Closes the input behind it. */
  close(): void;
}

/**
 * Opens the physical memory in a file, compressed or not.
 *
 * @param path a file, or `-` for standard input
 * @throws InputError when it cannot be read, or is no memory that the toolkit reads
 */
export async function openMemory(path: string, options: OpenOptions = {}): Promise<OpenedMemory> {
  const input = await openInput(path, options);
  try {
    return memoryOf(input);
  } catch (error) {
    input.close();
    throw error;
  }
}

/**
 * The physical memory in an input that is open already; closing it closes the input.
 *
 * @throws InputError when it is no memory that the toolkit reads
 */
export function memoryOf(input: OpenedInput): OpenedMemory {
  const { path, kind, file, close } = input;
  if (kind === 'fdt') throw new InputError(path, 'not-memory', 'is a devicetree blob, not a memory dump');
  if (kind !== 'elf') {
    throw new InputError(
      path,
      'not-memory',
      `is not a memory dump that is read: ${describeHead(input.head)}`,
    );
  }
  const { core, diagnostics } = parseElfCore(file);
  if (core === undefined) {
    const cause = diagnostics[0]?.message ?? 'the ELF headers cannot be read';
    throw new InputError(path, diagnostics[0]?.code ?? 'elf', cause);
  }
  const opened = { memory: elfMemory(file, core), elf: core, diagnostics, close };
  return core.vmcoreinfo === undefined ? opened : { ...opened, vmcoreinfo: core.vmcoreinfo };
}
