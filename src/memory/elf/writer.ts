/** Who wrote a core, as far as it decides what the part of a segment beyond its file size is. */
import { createDiagnostics } from '../diagnostics.js';
import type { RandomAccess } from '../random-access.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import { elfNotes } from './notes.js';

/** The note of each CPU that QEMU's dump-guest-memory adds on x86 (target/i386/arch_dump.c). */
const QEMU = 'QEMU';
/** makedumpfile's account of what its filter language erased (makedumpfile, elf_info.c). */
const ERASEINFO = 'ERASEINFO';
/** Notes looked at; makedumpfile copies those of /proc/vmcore, one or two for each CPU. */
const MAX_NOTES = 1 << 16;
/** Every kernel's VMCOREINFO has lines of these kinds; one that states only a release or a page size is a tool's. */
const KERNEL_LINE = /^(?:SYMBOL|SIZE|OFFSET)\(/;

/** What a core says about its writer. */
export interface WriterMarks {
  /** Offset and size of each PT_NOTE segment, alternately. */
  readonly notes: readonly number[];
  readonly vmcoreinfo?: Vmcoreinfo | undefined;
  /** Whether a PT_LOAD with p_filesz below p_memsz has a kernel's virtual address, as /proc/vmcore gives it. */
  readonly kernelAddresses: boolean;
}

/**
 * Whether makedumpfile wrote the core (`-E`), so that what p_memsz has beyond p_filesz is a page that it left out,
 * whatever was in it. In the dumps of QEMU and of this toolkit the same form stands for zeros.
 *
 * Its marks: a note ERASEINFO; the kernel's own VMCOREINFO, or the kernel's virtual addresses, both copied from
 * /proc/vmcore. QEMU can be told to add the guest's VMCOREINFO, and then has its own notes beside it.
 */
export function excludesPages(
  file: RandomAccess,
  { notes, vmcoreinfo, kernelAddresses }: WriterMarks,
): boolean {
  const names = noteNames(file, notes);
  if (names.has(ERASEINFO)) return true;
  if (names.has(QEMU)) return false;
  const kernels =
    vmcoreinfo !== undefined && [...vmcoreinfo.values.keys()].some((key) => KERNEL_LINE.test(key));
  return kernels || kernelAddresses;
}

function noteNames(file: RandomAccess, notes: readonly number[]): ReadonlySet<string> {
  const names = new Set<string>();
  let left = MAX_NOTES;
  for (let i = 0; i + 1 < notes.length && left > 0; i += 2) {
    // What is wrong with the notes was said when VMCOREINFO was looked for.
    for (const { name } of elfNotes(file, notes[i] ?? 0, notes[i + 1] ?? 0, createDiagnostics())) {
      names.add(name);
      if (--left === 0) break;
    }
  }
  return names;
}
