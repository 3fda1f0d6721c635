/**
 * Builds kdump-compressed cores by hand, right or wrong, without the project's own records: what the reader
 * is held to must not come from the same definition.
 */
import { deflateSync } from 'node:zlib';

export const ZLIB = 1;
export const LZO = 2;
export const SNAPPY = 4;
export const INCOMPLETE = 8;
export const ZSTD = 32;

export interface KdumpPage {
  pfn: number;
  bytes: Uint8Array;
  /** How it is stored; flags of page_desc. */
  flags?: number;
  /** Stored instead of what `flags` would give. */
  stored?: Uint8Array;
}

export interface KdumpRecipe {
  pages: readonly KdumpPage[];
  pageSize?: number;
  maxPfn?: number;
  version?: number;
  machine?: string;
  release?: string;
  status?: number;
  vmcoreinfo?: string;
  /** ELF notes of the CPUs. */
  notes?: Uint8Array;
  split?: { start: number; end: number };
  subHdrSize?: number;
}

/** A Zstandard frame of one raw block, or of one repeated byte. */
export function zstdFrame(bytes: Uint8Array): Uint8Array {
  const same = bytes.every((byte) => byte === bytes[0]);
  const body = same ? bytes.subarray(0, 1) : bytes;
  const frame = new Uint8Array(12 + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  // Single segment, content size of four bytes.
  view.setUint8(4, 0xa0);
  view.setUint32(5, bytes.length, true);
  const header = 1 | (same ? 2 : 0) | (bytes.length << 3);
  frame.set([header & 0xff, (header >> 8) & 0xff, header >> 16], 9);
  frame.set(body, 12);
  return frame;
}

export function buildKdump(recipe: KdumpRecipe): Uint8Array {
  const { pageSize = 4096, version = 6, subHdrSize = 1 } = recipe;
  const pages = [...recipe.pages].sort((a, b) => a.pfn - b.pfn);
  const maxPfn = recipe.maxPfn ?? Math.max(0, ...pages.map(({ pfn }) => pfn + 1));
  const bitmapBlocks = Math.ceil(maxPfn / 8 / pageSize);
  const bitmaps = (1 + subHdrSize) * pageSize;
  const descriptors = bitmaps + 2 * bitmapBlocks * pageSize;
  const text = new TextEncoder().encode(recipe.vmcoreinfo ?? '');
  const stored = pages.map(storedBytes);
  let at = descriptors + pages.length * 24;
  const textAt = at;
  at += text.length;
  const notes = recipe.notes ?? new Uint8Array(0);
  const notesAt = at;
  at += notes.length;
  const size = at + stored.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('KDUMP   '));
  view.setInt32(8, version, true);
  bytes.set(new TextEncoder().encode(recipe.release ?? ''), 12 + 2 * 65);
  bytes.set(new TextEncoder().encode(recipe.machine ?? 'x86_64'), 12 + 4 * 65);
  view.setUint32(424, recipe.status ?? ZLIB, true);
  view.setInt32(428, pageSize, true);
  view.setInt32(432, subHdrSize, true);
  view.setUint32(436, 2 * bitmapBlocks, true);
  view.setUint32(440, maxPfn, true);
  const sub = pageSize;
  if (recipe.split !== undefined) {
    view.setInt32(sub + 12, 1, true);
    view.setBigUint64(sub + 16, BigInt(recipe.split.start), true);
    view.setBigUint64(sub + 24, BigInt(recipe.split.end), true);
    view.setBigUint64(sub + 80, BigInt(recipe.split.start), true);
    view.setBigUint64(sub + 88, BigInt(recipe.split.end), true);
  }
  if (text.length > 0) {
    view.setBigUint64(sub + 32, BigInt(textAt), true);
    view.setBigUint64(sub + 40, BigInt(text.length), true);
    bytes.set(text, textAt);
  }
  if (notes.length > 0) {
    view.setBigUint64(sub + 48, BigInt(notesAt), true);
    view.setBigUint64(sub + 56, BigInt(notes.length), true);
    bytes.set(notes, notesAt);
  }
  view.setBigUint64(sub + 96, BigInt(maxPfn), true);
  pages.forEach(({ pfn, flags = 0 }, i) => {
    for (const half of [0, bitmapBlocks * pageSize]) {
      const byte = bitmaps + half + (pfn >> 3);
      bytes[byte] = (bytes[byte] ?? 0) | (1 << (pfn & 7));
    }
    const desc = descriptors + i * 24;
    view.setBigUint64(desc, BigInt(at), true);
    view.setUint32(desc + 8, stored[i]?.length ?? 0, true);
    view.setUint32(desc + 12, flags, true);
    bytes.set(stored[i] ?? new Uint8Array(0), at);
    at += stored[i]?.length ?? 0;
  });
  return bytes;
}

function storedBytes({ bytes, flags = 0, stored }: KdumpPage): Uint8Array {
  if (stored !== undefined) return stored;
  if (flags === ZLIB) return Uint8Array.from(deflateSync(bytes));
  return flags === ZSTD ? zstdFrame(bytes) : bytes;
}

/** makedumpfile's flattened stream of pieces, in the order in which they are written. */
export function buildFlattened(
  pieces: readonly { at: number; bytes: Uint8Array }[],
  ended = true,
): Uint8Array {
  const size = 4096 + pieces.reduce((sum, { bytes }) => sum + 16 + bytes.length, 0) + (ended ? 16 : 0);
  const stream = new Uint8Array(size);
  const view = new DataView(stream.buffer);
  stream.set(new TextEncoder().encode('makedumpfile'));
  view.setBigUint64(16, 1n);
  view.setBigUint64(24, 1n);
  let at = 4096;
  for (const piece of pieces) {
    view.setBigUint64(at, BigInt(piece.at));
    view.setBigUint64(at + 8, BigInt(piece.bytes.length));
    stream.set(piece.bytes, at + 16);
    at += 16 + piece.bytes.length;
  }
  if (ended) stream.fill(0xff, at);
  return stream;
}
