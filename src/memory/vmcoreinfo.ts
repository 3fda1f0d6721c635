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
