import { ELF64_PHDR, ELF64_PHDR_SIZE, ElfSegment } from '../../records/elf.js';
import type { DiagnosticSink } from '../diagnostics.js';
import { PHYSICAL_LIMIT } from '../physical.js';
import type { RandomAccess } from '../random-access.js';
import { addPiece, createPieces, type RunPieces, ZERO_RUN } from '../run-table.js';
import { u64AsNumber } from '../u64.js';
import type { ElfLayout } from './header.js';

/** What the program headers say. */
export interface ElfSegments {
  /** Known bytes of the PT_LOAD segments, in file order. */
  readonly pieces: RunPieces;
  /** Number of PT_LOAD segments with a physical address. */
  readonly loads: number;
  /** File ranges of the PT_NOTE segments, as offset and size alternately, cut at the end of the file. */
  readonly notes: readonly number[];
  /** Whether no segment has a physical address of its own, as in a process's core. */
  readonly virtualOnly: boolean;
  /** Whether a segment with p_filesz below p_memsz has a kernel's virtual address. */
  readonly shortAtKernelAddress: boolean;
}

/** Program headers read at a time. */
const BATCH = 1024;
/** More PT_NOTE segments than this are not looked at; kernels write one, or one for each CPU. */
const MAX_NOTE_SEGMENTS = 1 << 16;
const HIGH_HALF = 2 ** 63;

/** Reads the program headers; one that cannot be used is left out with a diagnostic. */
export function readSegments(
  file: RandomAccess,
  layout: ElfLayout,
  diagnostics: DiagnosticSink,
): ElfSegments {
  const pieces = createPieces(2 * layout.phnum);
  const notes: number[] = [];
  const bytes = new Uint8Array(Math.min(BATCH, layout.phnum) * ELF64_PHDR_SIZE);
  const view = new DataView(bytes.buffer);
  let loads = 0;
  let withoutAddress = 0;
  let userAddress = false;
  let shortAtKernelAddress = false;
  for (let first = 0; first < layout.phnum; first += BATCH) {
    const batchOffset = layout.phoff + first * ELF64_PHDR_SIZE;
    const count = Math.min(BATCH, layout.phnum - first);
    const read = file.readAt(batchOffset, count * ELF64_PHDR_SIZE, bytes);
    for (let at = 0; at + ELF64_PHDR_SIZE <= read; at += ELF64_PHDR_SIZE) {
      const type = view.getUint32(at + ELF64_PHDR.pType, true);
      if (type === ElfSegment.note) {
        if (notes.length < 2 * MAX_NOTE_SEGMENTS)
          addNotes(file, view, at, batchOffset + at, notes, diagnostics);
      } else if (type === ElfSegment.load && hasPhysicalAddress(view, at)) {
        loads++;
        const vaddr = u64AsNumber(view, at + ELF64_PHDR.pVaddr);
        if (vaddr !== 0 && u64AsNumber(view, at + ELF64_PHDR.pPaddr) === 0) {
          withoutAddress++;
          if (vaddr < HIGH_HALF) userAddress = true;
        }
        if (vaddr >= HIGH_HALF && isShort(view, at)) shortAtKernelAddress = true;
        addLoad(file, view, at, batchOffset + at, pieces, diagnostics);
      }
    }
  }
  // A kernel's core may have its one segment at physical address 0, but not several, nor a user address.
  const virtualOnly = loads > 0 && withoutAddress === loads && (loads > 1 || userAddress);
  return { pieces, loads, notes, virtualOnly, shortAtKernelAddress };
}

function isShort(view: DataView, at: number): boolean {
  return u64AsNumber(view, at + ELF64_PHDR.pFilesz) < u64AsNumber(view, at + ELF64_PHDR.pMemsz);
}

/** /proc/kcore gives -1 to ranges without one physical address: vmalloc, vmemmap (fs/proc/kcore.c). */
function hasPhysicalAddress(view: DataView, at: number): boolean {
  const paddr = at + ELF64_PHDR.pPaddr;
  return view.getUint32(paddr, true) !== 0xffff_ffff || view.getUint32(paddr + 4, true) !== 0xffff_ffff;
}

function addLoad(
  file: RandomAccess,
  view: DataView,
  at: number,
  headerOffset: number,
  pieces: RunPieces,
  diagnostics: DiagnosticSink,
): void {
  const start = u64AsNumber(view, at + ELF64_PHDR.pPaddr);
  const offset = u64AsNumber(view, at + ELF64_PHDR.pOffset);
  const memsz = u64AsNumber(view, at + ELF64_PHDR.pMemsz);
  let filesz = u64AsNumber(view, at + ELF64_PHDR.pFilesz);
  if (filesz > memsz) {
    diagnostics.add(
      'elf-segment-file-size',
      `segment at ${hex(start)} has p_filesz ${hex(filesz)} above p_memsz ${hex(memsz)}; the rest is not memory`,
      headerOffset,
    );
    filesz = memsz;
  }
  if (start >= PHYSICAL_LIMIT || memsz > PHYSICAL_LIMIT - start) {
    diagnostics.add(
      'elf-segment-address',
      `segment at ${hex(start)} with ${hex(memsz)} bytes extends beyond physical memory (2^52 bytes)`,
      headerOffset,
    );
    if (start >= PHYSICAL_LIMIT) return;
  }
  const end = Math.min(start + memsz, PHYSICAL_LIMIT);
  const fileEnd = Math.min(start + filesz, end);
  const stored = Math.min(fileEnd - start, Math.max(0, file.size - offset));
  if (stored < fileEnd - start) {
    diagnostics.add(
      'elf-segment-truncated',
      `segment at ${hex(start)} needs file offsets up to ${hex(offset + filesz)}, the file ends at ${hex(file.size)}: the rest is absent`,
      headerOffset,
    );
  }
  addPiece(pieces, start, start + stored, offset);
  addPiece(pieces, fileEnd, end, ZERO_RUN);
}

function addNotes(
  file: RandomAccess,
  view: DataView,
  at: number,
  headerOffset: number,
  notes: number[],
  diagnostics: DiagnosticSink,
): void {
  const offset = u64AsNumber(view, at + ELF64_PHDR.pOffset);
  const size = u64AsNumber(view, at + ELF64_PHDR.pFilesz);
  const stored = Math.min(size, Math.max(0, file.size - offset));
  if (stored < size) {
    diagnostics.add(
      'elf-note-bounds',
      `notes at file offset ${hex(offset)} with ${hex(size)} bytes reach beyond the file's end at ${hex(file.size)}`,
      headerOffset,
    );
  }
  if (stored > 0) notes.push(offset, stored);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
