import { backedMemory } from '../backed.js';
import { createDiagnostics, type MemoryDiagnostic } from '../diagnostics.js';
import type { PhysicalMemory } from '../physical.js';
import type { RandomAccess } from '../random-access.js';
import { repeatedRuns } from '../repeated-runs.js';
import {
  addPiece,
  buildRunTable,
  createPieces,
  type RunPieces,
  type RunTable,
  ZERO_RUN,
} from '../run-table.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import type { CaptureNote } from './capture-note.js';
import { type Machine, readElfLayout } from './header.js';
import { findNotes } from './notes.js';
import { differingBytes } from './overlap.js';
import { type ElfSegments, readSegments } from './segments.js';
import { excludesPages } from './writer.js';

/** The physical memory of an ELF core and what it says about itself. */
export interface ElfCore {
  readonly machine: Machine;
  /** PT_LOAD segments with a physical address. */
  readonly segmentCount: number;
  /** Where which physical memory is in the file. */
  readonly table: RunTable;
  readonly vmcoreinfo?: Vmcoreinfo;
  /** What `kho capture` took the memory from. */
  readonly capture?: CaptureNote;
  /** Bytes of the file that segments show, notes included; more than the file has when they show some twice. */
  readonly shownBytes: number;
}

/** Result of {@link parseElfCore}. */
export interface ElfCoreResult {
  /** Absent when the file cannot be used as a core at all; the first diagnostic then says why. */
  readonly core?: ElfCore;
  readonly diagnostics: readonly MemoryDiagnostic[];
}

/**
 * Reads the headers of an ELF core of physical memory: vmcore, /proc/kcore, QEMU's dump-guest-memory.
 * Never throws on bad data. Where segments overlap the first in the file wins; what is beyond the
 * file's end is absent; what p_memsz has beyond p_filesz is zero, but absent in a core that makedumpfile wrote.
 *
 * @param file the unpacked core; only its headers and notes are read
 *
 * @example
 * ```ts
 * import { bytesAccess, parseElfCore } from 'kho-toolkit';
 *
 * const { core, diagnostics } = parseElfCore(bytesAccess(new TextEncoder().encode('not a core')));
 * console.log(core, diagnostics[0]?.code); //=> undefined elf-header-truncated
 * ```
 */
export function parseElfCore(file: RandomAccess): ElfCoreResult {
  const diagnostics = createDiagnostics();
  const layout = readElfLayout(file, diagnostics);
  if (layout === undefined) return { diagnostics: diagnostics.list() };
  const segments = readSegments(file, layout, diagnostics);
  if (segments.virtualOnly) {
    // Nothing that was said about the segments matters any more.
    const refusal = createDiagnostics();
    refusal.add(
      'elf-no-physical-addresses',
      `p_paddr is 0 in all ${segments.loads} segments: a core of a process, or of a /proc/kcore without physical addresses`,
      layout.phoff,
    );
    return { diagnostics: refusal.list() };
  }
  if (segments.loads === 0) {
    diagnostics.add(
      'elf-no-segments',
      'the core has no PT_LOAD segment with a physical address',
      layout.phoff,
    );
  }
  const { vmcoreinfo, capture } = findNotes(file, segments.notes, diagnostics);
  const pieces = knownPieces(file, segments, vmcoreinfo);
  const { table, overlapped } = buildRunTable(pieces);
  const differing = overlapped === 0 ? 0 : differingBytes(file, pieces, table);
  if (differing > 0) {
    diagnostics.add(
      'elf-segments-overlap',
      `${overlapped} bytes of memory are in more than one segment, and up to ${Math.min(differing, overlapped)} of them differ; the first in the file is used`,
    );
  }
  const repeated = repeatedRuns(table)?.reduce((sum, each) => sum + each, 0) ?? 0;
  if (repeated > 0) {
    diagnostics.add(
      'elf-segments-aliased',
      `${repeated} segments show bytes of the file that other segments show at other addresses: no real memory is like that; they are searched once`,
    );
  }
  const { machine } = layout;
  let shownBytes = 0;
  for (let i = 0; i < table.count; i++) {
    if (table.offsets[i] !== ZERO_RUN) shownBytes += (table.ends[i] ?? 0) - (table.starts[i] ?? 0);
  }
  for (let i = 1; i < segments.notes.length; i += 2) shownBytes += segments.notes[i] ?? 0;
  const core = { machine, segmentCount: segments.loads, table, shownBytes };
  return {
    core: {
      ...core,
      ...(vmcoreinfo === undefined ? {} : { vmcoreinfo }),
      ...(capture === undefined ? {} : { capture }),
    },
    diagnostics: diagnostics.list(),
  };
}

/** What the segments hold; without the pages that makedumpfile left out. */
function knownPieces(
  file: RandomAccess,
  { pieces, notes, shortAtKernelAddress }: ElfSegments,
  vmcoreinfo: Vmcoreinfo | undefined,
): RunPieces {
  if (!pieces.offsets.subarray(0, pieces.count).includes(ZERO_RUN)) return pieces;
  if (!excludesPages(file, { notes, vmcoreinfo, kernelAddresses: shortAtKernelAddress })) return pieces;
  const stored = createPieces(pieces.count);
  for (let i = 0; i < pieces.count; i++) {
    const offset = pieces.offsets[i] ?? ZERO_RUN;
    if (offset !== ZERO_RUN) addPiece(stored, pieces.starts[i] ?? 0, pieces.ends[i] ?? 0, offset);
  }
  return stored;
}

/**
 * The memory of a core, read from the file it was parsed from.
 *
 * @example
 * ```ts
 * import { bytesAccess, elfMemory, parseElfCore, planFromSeed, readBytes, synthesise } from 'kho-toolkit';
 *
 * const { chunks, fdtAddress } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const file = bytesAccess(new Uint8Array(await new Blob([...chunks()]).arrayBuffer()));
 * const { core } = parseElfCore(file);
 * if (core !== undefined) console.log(readBytes(elfMemory(file, core), fdtAddress, 4)?.join(' '));
 * //=> 208 13 254 237
 * ```
 */
export function elfMemory(file: RandomAccess, core: ElfCore): PhysicalMemory {
  const segments = core.segmentCount === 1 ? '1 segment' : `${core.segmentCount} segments`;
  return backedMemory(file, core.table, `ELF core, ${core.machine}, ${segments}`);
}
