/** A dump cut down to the decoded records of its handover, as an ELF core. */
import { reusedOf } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import type { ChosenHandover } from '../decode/find-chosen.js';
import type { Direction } from '../decode/find-direction.js';
import { captureNoteText } from '../memory/elf/capture-note.js';
import type { Machine } from '../memory/elf/header.js';
import type { ElfWriteOptions } from '../memory/elf/write.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { BlobInstance } from '../references/instance.js';
import { addReferences } from '../references/references.js';
import { collectBoot } from './boot.js';
import {
  type ByteRanges,
  countBytes,
  createRangeCollector,
  intersection,
  union,
  wholePages,
  without,
} from './byte-ranges.js';
import { coreChunks } from './core-chunks.js';
import { collectVmcoreinfo } from './evidence.js';
import { guestAmong } from './guest.js';
import { createParts, type TrimParts } from './parts.js';
import { keepRecords } from './records.js';
import { collectUnits, type TrimUnit } from './units.js';

/** What a trimmed core keeps. */
export interface TrimOptions {
  readonly machine: Machine;
  /** Keep whole pages of records. Guest memory, seeds and the boot protocol's pages stay out nevertheless. */
  readonly wholePages?: boolean;
  /** What `/chosen` of a boot device tree names, where the tree was found so. */
  readonly chosen?: ChosenHandover;
  /** Remapping units whose root, context, PASID and page-table entries are kept too. */
  readonly units?: readonly TrimUnit[];
  /** Keep the kernel's VMCOREINFO texts in memory, up to their page size. */
  readonly vmcoreinfo?: boolean;
  /** Text of a VMCOREINFO note to write. */
  readonly note?: string;
  /** The tree's, where it is known: a tree that a kernel prepares is told by what is not kept. */
  readonly direction?: Direction;
}

/** One of several handovers of a memory. */
export interface TrimSource {
  readonly handover: Handover;
  readonly options: TrimOptions;
}

/** A core with the records of a handover alone. */
export interface Trimmed {
  /** The core, piece by piece; drawn once. Reads the memory as it goes. */
  readonly chunks: Iterable<Uint8Array>;
  /** Bytes of the dump that are in it. */
  readonly kept: number;
  /** Bytes of the pages that hold them; what is not kept there is zero. */
  readonly covered: number;
  /** Bytes of records left out because they are in guest memory or in a seed. */
  readonly refused: number;
  /** Bytes left out because they do not look like the records that should be there. */
  readonly foreign: number;
  /** Whether the tree itself is in it; a blob that is not in the memory is not. */
  readonly hasTree: boolean;
}

/** What of a memory goes into the output. */
interface Selection {
  /** Bytes that are copied. */
  readonly kept: ByteRanges;
  /** Bytes that are there, as zero where they are not copied. */
  readonly covered: ByteRanges;
  readonly refused: number;
  readonly foreign: number;
}

/**
 * Cuts a handover's memory down: the bytes of decoded records stay, every other byte of their pages is zero,
 * all other pages are absent. Decoding the result gives the same model, but for a checksum over folios.
 * Never in the output: folios, reserve_mem, what page tables map, guestmemfs' data, boot_params but for the
 * way to the handover, command lines, and the payload of every setup_data element but type 10.
 *
 * @example
 * ```ts
 * import { decodeHandover, planFromSeed, synthesise, trimHandover } from 'kho-toolkit';
 *
 * const { blob, fdtAddress, machine, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const handover = decodeHandover(blob, { memory, address: fdtAddress });
 * const { hasTree, kept, covered } = trimHandover(handover, memory, { machine });
 * console.log(hasTree, kept < covered); //=> true true
 * ```
 */
export function trimHandover(handover: Handover, memory: PhysicalMemory, options: TrimOptions): Trimmed {
  const { note, direction } = options;
  const told = toldNote(handover, direction);
  const notes = {
    ...(note === undefined ? {} : { vmcoreinfo: note }),
    ...(told === undefined ? {} : { capture: told }),
  };
  return trimTogether([{ handover, options }], memory, options.machine, notes);
}

/**
 * What only the rest of the dump tells of a tree: that a running kernel was handed it, or prepares it, and the scratch
 * regions, to which what is kept of such a tree does not lead.
 */
function toldNote(
  { fdtAddress, takenOver, scratch = [] }: Handover,
  given: Direction | undefined,
): string | undefined {
  const direction = takenOver === undefined ? given : 'incoming';
  // A tree at the start of its kernel is incoming, and not taken over: setup_data or /chosen show it.
  const shown = direction === 'incoming' && takenOver === undefined;
  if (fdtAddress === undefined || direction === undefined || shown) return undefined;
  return captureNoteText({ trees: [{ address: fdtAddress, direction }], scratch });
}

/**
 * The same for several handovers of one memory, as what a kernel was handed and what it prepares: what is a record of
 * one is left out where it is guest memory of another.
 *
 * @param notes what else the core says
 */
export function trimTogether(
  sources: readonly TrimSource[],
  memory: PhysicalMemory,
  machine: Machine,
  notes: ElfWriteOptions,
): Trimmed {
  const parts = sources.map(({ handover, options }) => select(handover, memory, options));
  const all = parts.reduce((sum, { covered }) => union(sum, covered), NOTHING);
  const guest =
    sources.length === 1
      ? NOTHING
      : sources
          .map(({ handover }) => guestAmong(all, handover, rootOf(handover), memory))
          .reduce(union, NOTHING);
  const records = parts.reduce((sum, { kept }) => union(sum, kept), NOTHING);
  const kept = without(records, guest);
  const covered = without(all, guest);
  const sum = (each: (part: Selection) => number) => parts.reduce((total, part) => total + each(part), 0);
  return {
    chunks: coreChunks(memory, kept, covered, machine, notes),
    kept: countBytes(kept),
    covered: countBytes(covered),
    refused: sum(({ refused }) => refused) + countBytes(records) - countBytes(kept),
    foreign: sum(({ foreign }) => foreign),
    hasTree: sources.some(({ handover }) => handover.fdtAddress !== undefined),
  };
}

const NOTHING = createRangeCollector().finish();

function select(handover: Handover, given: PhysicalMemory, options: TrimOptions): Selection {
  const { pageSize } = handover;
  const memory = handover.memory ?? given;
  const root = rootOf(handover);
  const { parts, refused: unreached } = collect(handover, root, memory, options);
  // The model's memory is zero there, the dump's is not.
  for (const { start, end } of reusedOf(handover.reused)) parts.foreign.add(start, end - start);
  const boot = parts.boot.finish();
  const records = parts.records.finish();
  const foreign = without(parts.foreign.finish(), boot);
  const claimed = union(union(records, boot), foreign);
  const wanted = without(claimed, foreign);
  const zeroed = union(parts.zeroed.finish(), foreign);
  const known = knownBytes(memory, wholePages(union(wanted, zeroed), pageSize));
  const covered = without(known, guestAmong(known, handover, root, memory));
  const chosen =
    options.wholePages === true
      ? union(
          without(
            wholePages(records, pageSize),
            union(wholePages(boot, pageSize), wholePages(foreign, pageSize)),
          ),
          wanted,
        )
      : wanted;
  // The list's own links win: a damaged length must not swallow them.
  const secret = without(parts.secret.finish(), boot);
  const allowed = intersection(without(claimed, secret), covered);
  return {
    kept: intersection(without(chosen, secret), covered),
    covered,
    refused: countBytes(without(intersection(claimed, known), allowed)) + unreached,
    foreign: countBytes(intersection(foreign, allowed)),
  };
}

function rootOf({ fdtAddress, tree }: Handover): BlobInstance | undefined {
  if (fdtAddress === undefined || tree === undefined) return undefined;
  return { address: Number(fdtAddress), bytes: tree.bytes };
}

function collect(
  handover: Handover,
  root: BlobInstance | undefined,
  memory: PhysicalMemory,
  options: TrimOptions,
): { readonly parts: TrimParts; readonly refused: number } {
  const parts = createParts();
  const { chosen } = options;
  addReferences(keepRecords(parts, memory), handover, root, memory);
  // In the 2024 series linux,kho-scratch is the region itself, the next kernel's memory, and no array.
  const scratch = chosen?.property === 'linux,kho-dt' ? undefined : chosen?.scratch;
  for (const range of [scratch, chosen?.memCache]) {
    if (range !== undefined) parts.records.add(range.address, Number(range.size));
  }
  collectBoot(handover, memory, parts);
  const refused = collectUnits(options.units ?? [], memory, parts);
  if (options.vmcoreinfo === true) collectVmcoreinfo(memory, parts);
  return { parts, refused };
}

function knownBytes(memory: PhysicalMemory, { starts, ends, count }: ByteRanges): ByteRanges {
  const known = createRangeCollector();
  for (let i = 0; i < count; i++) {
    for (const { start, end, state } of memory.runs(starts[i] ?? 0, ends[i] ?? 0)) {
      if (state !== 'absent') known.add(start, end - start);
    }
  }
  return known.finish();
}
