import {
  ELF64_EHDR_SIZE,
  ELF64_NHDR_SIZE,
  ELF64_PHDR_SIZE,
  ELF64_SHDR_SIZE,
  ElfClass,
  ElfData,
  ElfMachine,
  ElfMag,
  ElfPf,
  ElfPhnum,
  ElfSegment,
  ElfType,
  writeElf64Ehdr,
  writeElf64Nhdr,
  writeElf64Phdr,
  writeElf64Shdr,
} from '../../records/elf.js';
import { PHYSICAL_LIMIT } from '../physical.js';
import { type MemorySegment, segmentLength } from '../segments.js';
import { CAPTURE_NOTE } from './capture-note.js';
import type { Machine } from './header.js';

/** What else a written core says. */
export interface ElfWriteOptions {
  /** Text of a VMCOREINFO note, lines KEY=VALUE; no note without it. */
  readonly vmcoreinfo?: string;
  /** Text of a note of `kho capture`, which says what the memory was taken from. */
  readonly capture?: string;
}

/** A PT_LOAD to be: bytes, then zeros that are not stored. */
interface Load {
  readonly start: number;
  stored: number;
  zero: number;
}

/** Alignment of segments in the file, so that a reader may map them. */
const ALIGN = 4096;
const MACHINES: Readonly<Record<Machine, number>> = { 'x86-64': ElfMachine.x8664, arm64: ElfMachine.aarch64 };

/**
 * Writes an ELF core of physical memory, piece by piece: headers first, then the segments' bytes (the
 * same arrays, not copies) with padding between. Neighbouring segments share one PT_LOAD; zeros that
 * follow bytes become its memsz beyond filesz. From 65,535 program headers on their number is in
 * section header 0 (PN_XNUM).
 *
 * @param segments in any order; empty ones are left out
 * @throws RangeError for segments that overlap or are not in [0, 2^52)
 */
export function* elfCoreChunks(
  segments: Iterable<MemorySegment>,
  machine: Machine,
  options: ElfWriteOptions = {},
): Generator<Uint8Array> {
  const sorted = sortSegments(segments);
  const loads = groupSegments(sorted);
  const note = notesOf(options);
  const phnum = loads.length + (note === undefined ? 0 : 1);
  const extended = phnum >= ElfPhnum.xnum;
  const phoff = ELF64_EHDR_SIZE + (extended ? ELF64_SHDR_SIZE : 0);
  const noteOffset = phoff + phnum * ELF64_PHDR_SIZE;
  const headers = new Uint8Array(aligned(noteOffset + (note?.length ?? 0)));
  const view = new DataView(headers.buffer);
  writeFileHeader(view, machine, phoff, phnum);
  let at = phoff;
  if (note !== undefined) {
    headers.set(note, noteOffset);
    writeProgramHeader(view, at, ElfSegment.note, noteOffset, 0, note.length, note.length);
    at += ELF64_PHDR_SIZE;
  }
  let offset = headers.length;
  for (const { start, stored, zero } of loads) {
    writeProgramHeader(view, at, ElfSegment.load, offset, start, stored, stored + zero);
    at += ELF64_PHDR_SIZE;
    offset += aligned(stored);
  }
  yield headers;
  yield* segmentChunks(sorted, loads);
}

function sortSegments(segments: Iterable<MemorySegment>): MemorySegment[] {
  const sorted = [...segments].filter((segment) => segmentLength(segment) > 0);
  sorted.sort((a, b) => a.address - b.address);
  let end = 0;
  for (const segment of sorted) {
    if (!(Number.isSafeInteger(segment.address) && segment.address >= end)) {
      throw new RangeError(`segment at 0x${segment.address.toString(16)} overlaps the one before it`);
    }
    end = segment.address + segmentLength(segment);
    if (!(end <= PHYSICAL_LIMIT)) {
      throw new RangeError(`segment at 0x${segment.address.toString(16)} ends above 2^52`);
    }
  }
  return sorted;
}

function groupSegments(sorted: readonly MemorySegment[]): Load[] {
  const loads: Load[] = [];
  for (const segment of sorted) {
    const length = segmentLength(segment);
    const stored = 'bytes' in segment;
    const last = loads.at(-1);
    if (last !== undefined && continues(last, segment.address, stored)) {
      if (stored) last.stored += length;
      else last.zero += length;
    } else {
      loads.push({ start: segment.address, stored: stored ? length : 0, zero: stored ? 0 : length });
    }
  }
  return loads;
}

/** Whether a piece at `address` continues where a load ends; bytes cannot follow zeros in one PT_LOAD. */
function continues(load: Load, address: number, stored: boolean): boolean {
  return load.start + load.stored + load.zero === address && !(stored && load.zero > 0);
}

function* segmentChunks(sorted: readonly MemorySegment[], loads: readonly Load[]): Generator<Uint8Array> {
  let index = 0;
  for (const load of loads) {
    const end = load.start + load.stored + load.zero;
    for (; index < sorted.length; index++) {
      const segment = sorted[index];
      if (segment === undefined || segment.address >= end) break;
      if ('bytes' in segment) yield segment.bytes;
    }
    const padding = aligned(load.stored) - load.stored;
    if (padding > 0) yield new Uint8Array(padding);
  }
}

function writeFileHeader(view: DataView, machine: Machine, phoff: number, phnum: number): void {
  const extended = phnum >= ElfPhnum.xnum;
  writeElf64Ehdr(view, 0, {
    eiMag: ElfMag.elf,
    eiClass: ElfClass.class64,
    eiData: ElfData.lsb,
    eiVersion: 1,
    eiOsabi: 0,
    eiPad: new Uint8Array(8),
    eType: ElfType.core,
    eMachine: MACHINES[machine],
    eVersion: 1,
    eEntry: 0n,
    ePhoff: BigInt(phoff),
    eShoff: extended ? BigInt(ELF64_EHDR_SIZE) : 0n,
    eFlags: 0,
    eEhsize: ELF64_EHDR_SIZE,
    ePhentsize: ELF64_PHDR_SIZE,
    ePhnum: extended ? ElfPhnum.xnum : phnum,
    eShentsize: extended ? ELF64_SHDR_SIZE : 0,
    eShnum: extended ? 1 : 0,
    eShstrndx: 0,
  });
  if (!extended) return;
  writeElf64Shdr(view, ELF64_EHDR_SIZE, {
    shName: 0,
    shType: 0,
    shFlags: 0n,
    shAddr: 0n,
    shOffset: 0n,
    shSize: 1n,
    shLink: 0,
    shInfo: phnum,
    shAddralign: 0n,
    shEntsize: 0n,
  });
}

function writeProgramHeader(
  view: DataView,
  at: number,
  type: number,
  offset: number,
  address: number,
  filesz: number,
  memsz: number,
): void {
  writeElf64Phdr(view, at, {
    pType: type,
    pFlags: ElfPf.r,
    pOffset: BigInt(offset),
    pVaddr: 0n,
    pPaddr: BigInt(address),
    pFilesz: BigInt(filesz),
    pMemsz: BigInt(memsz),
    pAlign: BigInt(type === ElfSegment.load ? ALIGN : 4),
  });
}

function notesOf({ vmcoreinfo, capture }: ElfWriteOptions): Uint8Array | undefined {
  const notes = [
    ...(vmcoreinfo === undefined ? [] : [noteBytes('VMCOREINFO', vmcoreinfo)]),
    ...(capture === undefined ? [] : [noteBytes(CAPTURE_NOTE, capture)]),
  ];
  if (notes.length === 0) return undefined;
  const bytes = new Uint8Array(notes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const note of notes) {
    bytes.set(note, at);
    at += note.length;
  }
  return bytes;
}

function noteBytes(owner: string, text: string): Uint8Array {
  const name = new TextEncoder().encode(`${owner}\0`);
  const desc = new TextEncoder().encode(text);
  const descAt = ELF64_NHDR_SIZE + Math.ceil(name.length / 4) * 4;
  const bytes = new Uint8Array(descAt + Math.ceil(desc.length / 4) * 4);
  writeElf64Nhdr(new DataView(bytes.buffer), 0, { nNamesz: name.length, nDescsz: desc.length, nType: 0 });
  bytes.set(name, ELF64_NHDR_SIZE);
  bytes.set(desc, descAt);
  return bytes;
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGN) * ALIGN;
}
