import { ELF64_NHDR, ELF64_NHDR_SIZE } from '../../records/elf.js';
import type { DiagnosticSink } from '../diagnostics.js';
import type { RandomAccess } from '../random-access.js';
import { parseVmcoreinfo, type Vmcoreinfo } from '../vmcoreinfo.js';
import { CAPTURE_NOTE, type CaptureNote, parseCaptureNote } from './capture-note.js';

/** One note of a PT_NOTE segment. */
export interface ElfNote {
  /** Without its NUL, e.g. `CORE`, `QEMU`, `VMCOREINFO`. */
  readonly name: string;
  readonly type: number;
  /** File offset of the descriptor, in bytes. */
  readonly offset: number;
  /** Bytes of the descriptor. */
  readonly size: number;
}

/** The kernel gives VMCOREINFO one page (VMCOREINFO_BYTES), of at most 64 KiB. */
const MAX_TEXT = 1 << 20;
/** A kernel writes a few notes for each CPU. */
const MAX_NOTES = 1 << 18;
/** Longer names are cut; those that matter have 11 characters. */
const MAX_NAME = 64;

/**
 * The notes of one PT_NOTE segment.
 *
 * @param offset file offset of the segment
 * @param size its bytes, all inside the file
 * @returns ends, with a diagnostic, at the first note that leaves the segment
 */
export function* elfNotes(
  file: RandomAccess,
  offset: number,
  size: number,
  diagnostics: DiagnosticSink,
): Generator<ElfNote> {
  const bytes = new Uint8Array(ELF64_NHDR_SIZE);
  const view = new DataView(bytes.buffer);
  const end = offset + size;
  let at = offset;
  for (let count = 0; at + ELF64_NHDR_SIZE <= end; count++) {
    if (count === MAX_NOTES) {
      diagnostics.add('elf-notes-too-many', `more than ${MAX_NOTES} notes; the rest is not read`, at);
      return;
    }
    if (file.readAt(at, ELF64_NHDR_SIZE, bytes) < ELF64_NHDR_SIZE) return;
    const nameSize = view.getUint32(ELF64_NHDR.nNamesz, true);
    const size = view.getUint32(ELF64_NHDR.nDescsz, true);
    const type = view.getUint32(ELF64_NHDR.nType, true);
    const nameAt = at + ELF64_NHDR_SIZE;
    const descAt = nameAt + padded(nameSize);
    if (descAt + size > end) {
      diagnostics.add(
        'elf-note-bounds',
        `note with ${nameSize} bytes of name and ${size} bytes extends beyond its segment`,
        at,
      );
      return;
    }
    yield { name: readName(file, nameAt, nameSize), type, offset: descAt, size };
    at = descAt + padded(size);
  }
}

/** Notes that say something of the memory. */
export interface MemoryNotes {
  readonly vmcoreinfo?: Vmcoreinfo;
  /** Of `kho capture`; one that cannot be read is none. */
  readonly capture?: CaptureNote;
}

/**
 * Looks for the notes by name; of several of one name the first counts.
 *
 * @param segments offset and size of each PT_NOTE segment, alternately
 */
export function findNotes(
  file: RandomAccess,
  segments: readonly number[],
  diagnostics: DiagnosticSink,
): MemoryNotes {
  const info = new Map<string, Uint8Array>();
  for (const note of notesOf(file, segments, diagnostics)) {
    if ((note.name !== 'VMCOREINFO' && note.name !== CAPTURE_NOTE) || info.has(note.name)) continue;
    if (note.size > MAX_TEXT) {
      diagnostics.add(
        'elf-vmcoreinfo-size',
        `${note.name} note of ${note.size} bytes is not read`,
        note.offset,
      );
      continue;
    }
    const bytes = new Uint8Array(note.size);
    if (file.readAt(note.offset, note.size, bytes) === note.size) info.set(note.name, bytes);
  }
  const [vmcoreinfo, capture] = [info.get('VMCOREINFO'), info.get(CAPTURE_NOTE)];
  const captured = capture === undefined ? undefined : parseCaptureNote(new TextDecoder().decode(capture));
  return {
    ...(vmcoreinfo === undefined ? {} : { vmcoreinfo: parseVmcoreinfo(vmcoreinfo) }),
    ...(captured === undefined ? {} : { capture: captured }),
  };
}

function* notesOf(
  file: RandomAccess,
  segments: readonly number[],
  diagnostics: DiagnosticSink,
): Generator<ElfNote> {
  const seen = new Set<number>();
  let count = 0;
  for (let i = 0; i + 1 < segments.length; i += 2) {
    const start = segments[i] ?? 0;
    // Segments of the same bytes say the same.
    if (seen.has(start)) continue;
    seen.add(start);
    for (const note of elfNotes(file, start, segments[i + 1] ?? 0, diagnostics)) {
      if (++count > MAX_NOTES) {
        diagnostics.add(
          'elf-notes-too-many',
          `more than ${MAX_NOTES} notes; the rest is not read`,
          note.offset,
        );
        return;
      }
      yield note;
    }
  }
}

/** Names and descriptors of core files are padded to four bytes, whatever p_align says. */
function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function readName(file: RandomAccess, offset: number, size: number): string {
  const bytes = new Uint8Array(Math.min(size, MAX_NAME));
  const read = bytes.subarray(0, file.readAt(offset, bytes.length, bytes));
  const nul = read.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? read : read.subarray(0, nul));
}
