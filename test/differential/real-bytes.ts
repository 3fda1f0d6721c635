import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Bytes of one fixture file, unpacked. */
export interface RealBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every blob and memory dump in fixtures/. */
export function realBytes(root: string): RealBytes[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return names.filter(isBinary).map((name) => {
    const content = new Uint8Array(readFileSync(join(root, name)));
    return { name, bytes: name.endsWith('.gz') ? new Uint8Array(gunzipSync(content)) : content };
  });
}

function isBinary(name: string): boolean {
  return /(?:\.dtb|\.elf\.gz|\.bin|\/fdt|sub_fdts\/[^/]+)$/.test(name);
}

/** Up to `limit` offsets in each of the files at which a record of `size` bytes could be, found once for a size. */
export function offsetFinder(limit: number): (bytes: Uint8Array, size: number) => readonly number[] {
  const used = new Map<Uint8Array, Int32Array>();
  const known = new Map<Uint8Array, Map<number, readonly number[]>>();
  return (bytes, size) => {
    const next = used.get(bytes) ?? nextUsed(bytes);
    used.set(bytes, next);
    const sizes = known.get(bytes) ?? new Map<number, readonly number[]>();
    known.set(bytes, sizes);
    const offsets = sizes.get(size) ?? recordOffsets(bytes, next, size, limit);
    sizes.set(size, offsets);
    return offsets;
  };
}

/** For each 4-byte word, where it or the next one that is not zero begins. */
function nextUsed(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = bytes.length >> 2;
  const next = new Int32Array(words + 1).fill(bytes.length);
  for (let word = words - 1; word >= 0; word--) {
    next[word] = view.getUint32(word * 4) === 0 ? (next[word + 1] as number) : word * 4;
  }
  return next;
}

/**
 * Offsets spread evenly over the file: property values are on 4-byte boundaries, and a place of which the first words
 * are all zero says little.
 */
function recordOffsets(bytes: Uint8Array, next: Int32Array, size: number, limit: number): number[] {
  const probe = Math.min(size & ~3, 64);
  const last = bytes.length - size;
  const fits = (at: number): boolean => probe === 0 || (next[at >> 2] as number) < at + probe;
  let count = 0;
  for (let at = 0; at <= last; at += 4) if (fits(at)) count++;
  const step = Math.max(1, count / limit);
  const offsets: number[] = [];
  for (let at = 0, index = 0; at <= last && offsets.length < limit; at += 4) {
    if (fits(at) && index++ === Math.floor(offsets.length * step)) offsets.push(at);
  }
  return offsets;
}
