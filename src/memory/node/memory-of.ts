import { createBudget } from '../budget.js';
import { budgetedMemory } from '../budgeted.js';
import type { MemoryDiagnostic } from '../diagnostics.js';
import { type ElfCore, elfMemory, parseElfCore } from '../elf/core.js';
import type { Machine } from '../elf/header.js';
import { type KdumpCore, openFlattened, openKdump } from '../kdump/core.js';
import { isFlattened } from '../kdump/flattened.js';
import type { PageCodecs } from '../kdump/pages.js';
import type { PhysicalMemory } from '../physical.js';
import { rawMemory } from '../raw.js';
import type { Pattern } from '../search.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import { InputError } from './errors.js';
import type { OpenedInput, OpenOptions } from './input.js';
import { describeHead } from './recognise.js';

/** Physical memory read from a file, with what the file says about it. */
export interface OpenedMemory {
  readonly memory: PhysicalMemory;
  /** The headers, when it is an ELF core. */
  readonly elf?: ElfCore;
  /** The headers, when it is a kdump-compressed core. */
  readonly kdump?: KdumpCore;
  readonly machine?: Machine;
  readonly vmcoreinfo?: Vmcoreinfo;
  /** What is wrong with the file, though it could be used; reading a kdump core may add to it. */
  readonly diagnostics: readonly MemoryDiagnostic[];
  /**
   * Searches the memory ahead of `searchMemory`, with several threads where that pays; absent where there are none.
   *
   * @param jobs threads at most; as many as are worth it when left out
   */
  searchAhead?(patterns: readonly Pattern[], jobs?: number): Promise<void>;
  /** Closes the underlying input. */
  close(): void;
}

/** How memory is opened. */
export interface MemoryOptions extends OpenOptions {
  /** Physical address of the first byte of a file that is not a core, in bytes: the file is a raw image then. */
  readonly base?: number;
  /** Factor of the limits of {@link createBudget}; 1 when left out. */
  readonly budget?: number;
}

/**
 * The physical memory in an input that is open already; closing it closes the input. Needs nothing of Node.
 *
 * @param codecs unpack the pages of kdump-compressed cores
 * @throws InputError when it is not memory that the toolkit reads
 */
export function memoryWith(
  input: OpenedInput,
  codecs: PageCodecs,
  options: MemoryOptions = {},
): OpenedMemory {
  const opened = unlimited(input, codecs, options);
  const budget = createBudget(realBytes(input), options.budget);
  budget.take('shown', opened.elf?.shownBytes ?? 0);
  return {
    ...opened,
    memory: budgetedMemory(opened.memory, budget, opened.kdump === undefined ? 1 : UNPACKING),
    get diagnostics() {
      return [...opened.diagnostics, ...budget.problems().map((problem) => ({ ...problem, count: 1 }))];
    },
  };
}

/** What a packed page costs to read, against a stored one. */
const UNPACKING = 4;
/** How much a packed file's contents count for at most: what packs to less says little, however long it is. */
const MAX_RATIO = 256;

function realBytes({ file, packedSize }: OpenedInput): number {
  return packedSize === undefined ? file.size : Math.min(file.size, MAX_RATIO * packedSize);
}

function unlimited(input: OpenedInput, codecs: PageCodecs, { base }: MemoryOptions): OpenedMemory {
  const { path, kind } = input;
  if (base !== undefined) return rawMemoryOf(input, base);
  if (kind === 'elf') return elfMemoryOf(input);
  if (kind === 'kdump') return kdumpMemoryOf(input, codecs);
  if (kind === 'fdt') throw new InputError(path, 'not-memory', 'is a devicetree blob, not a memory dump');
  throw new InputError(path, 'not-memory', `is not a supported memory dump: ${describeHead(input.head)}`);
}

function elfMemoryOf(
  { path, file, close }: OpenedInput,
  before: readonly MemoryDiagnostic[] = [],
  wrapped = '',
): OpenedMemory {
  const { core, diagnostics } = parseElfCore(file);
  if (core === undefined) {
    const cause = diagnostics[0]?.message ?? 'the ELF headers cannot be read';
    throw new InputError(path, diagnostics[0]?.code ?? 'elf', cause);
  }
  const memory = elfMemory(file, core);
  return {
    memory: { ...memory, description: `${memory.description}${wrapped}` },
    elf: core,
    machine: core.machine,
    diagnostics: [...before, ...diagnostics],
    close,
    ...(core.vmcoreinfo === undefined ? {} : { vmcoreinfo: core.vmcoreinfo }),
  };
}

function kdumpMemoryOf(input: OpenedInput, codecs: PageCodecs): OpenedMemory {
  const { path, file, head, close } = input;
  const result = isFlattened(head) ? openFlattened(file, codecs) : openKdump(file, codecs);
  if ('elf' in result) return elfMemoryOf({ ...input, file: result.elf }, result.diagnostics, ' (flattened)');
  const { core, diagnostics } = result;
  if (core === undefined) {
    const last = diagnostics.at(-1);
    throw new InputError(path, last?.code ?? 'kdump', last?.message ?? 'the kdump headers cannot be read');
  }
  return {
    memory: core.memory,
    kdump: core,
    ...(core.machine === undefined ? {} : { machine: core.machine }),
    get diagnostics() {
      return core.diagnostics();
    },
    close,
    ...(core.vmcoreinfo === undefined ? {} : { vmcoreinfo: core.vmcoreinfo }),
  };
}

function rawMemoryOf({ path, kind, file, close }: OpenedInput, base: number): OpenedMemory {
  if (kind === 'elf' || kind === 'kdump') {
    throw new InputError(path, 'base', 'is a core with addresses of its own; --base is for raw images');
  }
  try {
    return { memory: rawMemory(file, base), diagnostics: [], close };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(path, 'base', `--base: ${error.message}`);
  }
}
