/** Which release and page size the kernel's own notes in memory tell: how the dump was read hangs on them. */
import type { PhysicalMemory } from '../memory/physical.js';
import { searchMemory } from '../memory/search.js';
import { VMCOREINFO_START, vmcoreinfoAt } from '../memory/vmcoreinfo.js';
import type { TrimParts } from './parts.js';

/** Bytes of the text in which the line is looked for. */
const TEXT_BYTES = 4096;
const LINE = '\nPAGESIZE=';

/**
 * Keeps VMCOREINFO texts from their first line, OSRELEASE, to PAGESIZE, which is the third; what follows,
 * the kernel's addresses and offsets, is left out. Reads all present memory once.
 */
export function collectVmcoreinfo(memory: PhysicalMemory, { records }: TrimParts): void {
  const bytes = new Uint8Array(TEXT_BYTES);
  searchMemory(memory, [VMCOREINFO_START], (_, address) => {
    if (vmcoreinfoAt(memory, address) === undefined) return;
    const known = memory.read(address, TEXT_BYTES, bytes);
    const text = String.fromCharCode(...bytes.subarray(0, known));
    const line = text.indexOf(LINE);
    const end = line < 0 ? -1 : text.indexOf('\n', line + 1);
    if (end > 0) records.add(address, end + 1);
  });
}
