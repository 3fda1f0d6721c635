/** Which machine a kdump-compressed core is of where its header does not name one, as QEMU's do not. */
import type { DiagnosticSink } from '../diagnostics.js';
import type { Machine } from '../elf/header.js';
import { elfNotes } from '../elf/notes.js';
import type { RandomAccess } from '../random-access.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import type { KdumpLayout } from './header.js';

/** Keys that one architecture's arch_crash_save_vmcoreinfo() writes and the other's does not. */
const KEYS: Readonly<Record<Machine, readonly string[]>> = {
  'x86-64': [
    'SYMBOL(init_top_pgt)',
    'NUMBER(phys_base)',
    'NUMBER(pgtable_l5_enabled)',
    'NUMBER(KERNEL_IMAGE_SIZE)',
  ],
  arm64: ['NUMBER(kimage_voffset)', 'NUMBER(PHYS_OFFSET)', 'NUMBER(VA_BITS)', 'NUMBER(TCR_EL1_T1SZ)'],
};
/** NT_PRSTATUS, and the size of struct elf_prstatus: 27 registers on x86-64, 34 on arm64, 8 bytes each. */
const PRSTATUS = 1;
const PRSTATUS_SIZE: ReadonlyMap<number, Machine> = new Map([
  [336, 'x86-64'],
  [392, 'arm64'],
]);
/** The smallest page of a core that cannot be of x86-64, in bytes. */
const ARM64_PAGE = 16384;
/** Notes of a machine with more CPUs are of the same sizes. */
const MAX_NOTES = 64;

/**
 * Tells the machine by VMCOREINFO, the CPUs' notes, and the page size, in this order.
 *
 * @returns undefined when nothing of it tells
 */
export function machineOf(
  file: RandomAccess,
  layout: KdumpLayout,
  vmcoreinfo: Vmcoreinfo | undefined,
  diagnostics: DiagnosticSink,
): Machine | undefined {
  if (layout.machine !== undefined) return layout.machine;
  return (
    byKeys(vmcoreinfo) ??
    byNotes(file, layout.notes, diagnostics) ??
    (layout.pageSize >= ARM64_PAGE ? 'arm64' : undefined)
  );
}

function byKeys(vmcoreinfo: Vmcoreinfo | undefined): Machine | undefined {
  const told = (['x86-64', 'arm64'] as const).filter((machine) =>
    KEYS[machine].some((key) => vmcoreinfo?.values.has(key)),
  );
  return told.length === 1 ? told[0] : undefined;
}

function byNotes(
  file: RandomAccess,
  { offset, size }: KdumpLayout['notes'],
  diagnostics: DiagnosticSink,
): Machine | undefined {
  if (offset === 0 || !(offset + size <= file.size)) return undefined;
  let count = 0;
  for (const note of elfNotes(file, offset, size, diagnostics)) {
    if (note.name === 'CORE' && note.type === PRSTATUS) return PRSTATUS_SIZE.get(note.size);
    if (++count === MAX_NOTES) return undefined;
  }
  return undefined;
}
