/**
 * Builds ELF files by hand, right or wrong, without the project's own records: what the reader is held to
 * must not come from the same definition.
 */
export interface Header {
  type?: number;
  offset?: bigint;
  vaddr?: bigint;
  paddr?: bigint;
  filesz?: bigint;
  memsz?: bigint;
}

export interface Recipe {
  headers?: readonly Header[];
  /** Bytes placed anywhere in the file, after the headers are written. */
  data?: readonly { at: number; bytes: Uint8Array }[];
  /** Total size; what is beyond is cut off, what is missing is zero. */
  size?: number;
  phoff?: bigint;
  phentsize?: number;
  phnum?: number;
  shoff?: bigint;
  shnum?: number;
  /** sh_info of section header 0, written at `shoff`. */
  shInfo?: number;
  type?: number;
  machine?: number;
  elfClass?: number;
  byteOrder?: number;
  ehsize?: number;
}

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const X86_64 = 62;
export const AARCH64 = 183;

export function buildElf(recipe: Recipe): Uint8Array {
  const headers = recipe.headers ?? [];
  const phoff = recipe.phoff ?? 64n;
  const dataEnd = Math.max(0, ...(recipe.data ?? []).map(({ at, bytes }) => at + bytes.length));
  const shEnd = recipe.shInfo === undefined ? 0 : Number(recipe.shoff ?? 0n) + 64;
  const needed = Math.max(64, Number(phoff) + headers.length * 56, dataEnd, shEnd);
  const bytes = new Uint8Array(needed);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, recipe.elfClass ?? 2, recipe.byteOrder ?? 1, 1]);
  view.setUint16(0x10, recipe.type ?? 4, true);
  view.setUint16(0x12, recipe.machine ?? X86_64, true);
  view.setUint32(0x14, 1, true);
  view.setBigUint64(0x20, phoff, true);
  view.setBigUint64(0x28, recipe.shoff ?? 0n, true);
  view.setUint16(0x34, recipe.ehsize ?? 64, true);
  view.setUint16(0x36, recipe.phentsize ?? 56, true);
  view.setUint16(0x38, recipe.phnum ?? headers.length, true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, recipe.shnum ?? 0, true);
  if (recipe.shInfo !== undefined) view.setUint32(Number(recipe.shoff ?? 0n) + 0x2c, recipe.shInfo, true);
  headers.forEach((header, i) => {
    const at = Number(phoff) + i * 56;
    view.setUint32(at, header.type ?? PT_LOAD, true);
    view.setBigUint64(at + 0x08, header.offset ?? 0n, true);
    view.setBigUint64(at + 0x10, header.vaddr ?? 0n, true);
    view.setBigUint64(at + 0x18, header.paddr ?? 0n, true);
    view.setBigUint64(at + 0x20, header.filesz ?? 0n, true);
    view.setBigUint64(at + 0x28, header.memsz ?? header.filesz ?? 0n, true);
  });
  for (const { at, bytes: part } of recipe.data ?? []) bytes.set(part, at);
  if (recipe.size === undefined) return bytes;
  const sized = new Uint8Array(recipe.size);
  sized.set(bytes.subarray(0, recipe.size));
  return sized;
}

/** One note: header, name with its NUL, descriptor, each padded to four bytes. */
export function buildNote(name: string, type: number, desc: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(`${name}\0`);
  const descAt = 12 + Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(descAt + Math.ceil(desc.length / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length, true);
  view.setUint32(4, desc.length, true);
  view.setUint32(8, type, true);
  bytes.set(text, 12);
  bytes.set(desc, descAt);
  return bytes;
}

/** `length` bytes that count up from `first`, so that every mistaken offset shows. */
export function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
}
