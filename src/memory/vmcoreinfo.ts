import type { PhysicalMemory } from './physical.js';

/**
 * The kernel's notes to its own debuggers, as text lines KEY=VALUE (kernel/vmcore_info.c; documented in
 * Documentation/admin-guide/kdump/vmcoreinfo.rst).
 */
export interface Vmcoreinfo {
  /** Every line with a `=`, in order; of a key that occurs twice the first value. */
  readonly values: ReadonlyMap<string, string>;
  /** OSRELEASE: the release of the kernel that wrote it, e.g. `7.3.0`. */
  readonly release?: string;
  /** PAGESIZE in bytes, when it is a power of two from 4 KiB to 1 MiB. */
  readonly pageSize?: number;
}

/**
 * Reads the text of a VMCOREINFO note.
 *
 * @param bytes the note's descriptor; ends at the first NUL, bytes that are no UTF-8 become U+FFFD
 */
export function parseVmcoreinfo(bytes: Uint8Array): Vmcoreinfo {
  const nul = bytes.indexOf(0);
  const text = new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !values.has(line.slice(0, at))) values.set(line.slice(0, at), line.slice(at + 1));
  }
  const release = values.get('OSRELEASE');
  const pageSize = pageSizeOf(values.get('PAGESIZE'));
  return {
    values,
    ...(release === undefined ? {} : { release }),
    ...(pageSize === undefined ? {} : { pageSize }),
  };
}

function pageSizeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,7}$/.test(text)) return undefined;
  const size = Number(text);
  return size >= 4096 && size <= 1 << 20 && Number.isInteger(Math.log2(size)) ? size : undefined;
}

/** How the text begins in the memory of a kernel that wrote it (crash_save_vmcoreinfo_init). */
export const VMCOREINFO_START: Uint8Array = new TextEncoder().encode('OSRELEASE=');
/** A release begins so; the kernel's format string for the line does not. */
const RELEASE = /^[0-9]+\.[0-9]+/;
/** The kernel gives the text one page (VMCOREINFO_BYTES) of at least this size, and fills about half. */
const TEXT_BYTES = 4096;

/**
 * The text as it is in memory, at a place that begins with {@link VMCOREINFO_START}.
 *
 * @param address physical byte address
 * @returns undefined when it is another text: without a release that is one, or without the page size
 */
export function vmcoreinfoAt(memory: PhysicalMemory, address: number): Vmcoreinfo | undefined {
  const bytes = new Uint8Array(TEXT_BYTES);
  const info = parseVmcoreinfo(bytes.subarray(0, memory.read(address, TEXT_BYTES, bytes)));
  return info.pageSize !== undefined && RELEASE.test(info.release ?? '') ? info : undefined;
}
