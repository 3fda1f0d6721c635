/**
 * /proc/kcore as physical memory: which of its segments are RAM, and where the kernel's own image and its pointers are
 * (fs/proc/kcore.c: KCORE_RAM is the direct map, KCORE_TEXT the image, other ranges have p_paddr -1).
 */
import { ELF64_PHDR_SIZE, ElfSegment, readElf64Phdr } from '../../records/elf.js';
import { backedMemory } from '../backed.js';
import { createDiagnostics } from '../diagnostics.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../physical.js';
import type { RandomAccess } from '../random-access.js';
import { addPiece, buildRunTable, createPieces } from '../run-table.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import { type Machine, readElfLayout } from './header.js';
import { findNotes } from './notes.js';

/** Half-open, in physical byte addresses. */
export interface PhysicalRange {
  readonly start: number;
  readonly end: number;
}

/** Memory that the kernel sees at `virtual` on. */
export interface DirectRange extends PhysicalRange {
  readonly virtual: bigint;
}

export interface Kcore {
  readonly machine: Machine;
  readonly memory: PhysicalMemory;
  /** Bytes of RAM. */
  readonly bytes: number;
  /** The direct map. */
  readonly direct: readonly DirectRange[];
  /** The kernel's image, where the file shows it: text, data, bss. */
  readonly image?: PhysicalRange;
  readonly vmcoreinfo?: Vmcoreinfo;
}

/**
 * The file from a byte on. Offsets of /proc/kcore are virtual addresses without their upper bits (kc_vaddr_to_offset), so
 * that with five levels of page tables and KASLR they exceed 2^53.
 */
export type KcoreFile = (base: bigint) => RandomAccess;

/** A machine has some dozens of ranges. */
const MAX_SEGMENTS = 4096;

/**
 * Reads the headers.
 *
 * @returns what they show, or why the file cannot be used
 */
export function parseKcore(open: KcoreFile): Kcore | string {
  const file = open(0n);
  const diagnostics = createDiagnostics();
  const layout = readElfLayout(file, diagnostics);
  if (layout === undefined) return diagnostics.list()[0]?.message ?? 'the ELF headers cannot be read';
  const notes: number[] = [];
  const loads: (DirectRange & { readonly offset: bigint })[] = [];
  const bytes = new Uint8Array(ELF64_PHDR_SIZE);
  for (let i = 0; i < Math.min(layout.phnum, MAX_SEGMENTS); i++) {
    if (file.readAt(layout.phoff + i * ELF64_PHDR_SIZE, bytes.length, bytes) < bytes.length) break;
    const { pType, pOffset, pVaddr, pPaddr, pFilesz } = readElf64Phdr(new DataView(bytes.buffer), 0);
    const [start, size] = [Number(pPaddr), Number(pFilesz)];
    if (pType === ElfSegment.note) notes.push(Number(pOffset), size);
    if (pType !== ElfSegment.load || start + size > PHYSICAL_LIMIT || size === 0) continue;
    loads.push({ start, end: start + size, virtual: pVaddr, offset: pOffset });
  }
  // The image is in RAM too: it is the segment inside of another one.
  const inside = (a: PhysicalRange, b: PhysicalRange) => a !== b && b.start <= a.start && a.end <= b.end;
  const image = loads.find((load) => loads.some((other) => inside(load, other)));
  const ram = loads.filter((load) => load !== image);
  if (ram.length === 0 || (ram.length > 1 && ram.every(({ start }) => start === 0))) {
    return 'its segments have no physical addresses, as before Linux 4.19';
  }
  const pieces = createPieces(ram.length);
  // From the first one on: physical memory is far below 2^53.
  const base = ram.reduce((first, { offset }) => (offset < first ? offset : first), ram[0]?.offset ?? 0n);
  for (const { start, end, offset } of ram) addPiece(pieces, start, end, Number(offset - base));
  const { table } = buildRunTable(pieces);
  const { vmcoreinfo } = findNotes(file, notes, diagnostics);
  return {
    machine: layout.machine,
    memory: backedMemory(open(base), table, `kcore, ${layout.machine}`, false),
    bytes: ram.reduce((sum, { start, end }) => sum + end - start, 0),
    direct: ram.map(({ start, end, virtual }) => ({ start, end, virtual })),
    ...(image === undefined ? {} : { image: { start: image.start, end: image.end } }),
    ...(vmcoreinfo === undefined ? {} : { vmcoreinfo }),
  };
}

/** The physical address of what the kernel sees in its direct map; undefined for other virtual addresses. */
export function directAddress(direct: readonly DirectRange[], virtual: bigint): number | undefined {
  for (const { start, end, virtual: first } of direct) {
    if (virtual >= first && virtual < first + BigInt(end - start)) return start + Number(virtual - first);
  }
  return undefined;
}
