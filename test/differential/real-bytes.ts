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

/**
 * Up to `limit` offsets, spread evenly, at which a record of `size` bytes could be: property values are on
 * 4-byte boundaries, and a place of which the first words are all zero says little.
 */
export function recordOffsets(bytes: Uint8Array, size: number, limit: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets: number[] = [];
  const probe = Math.min(size & ~3, 64);
  for (let at = 0; at + size <= bytes.length; at += 4) {
    let used = probe === 0;
    for (let next = 0; next < probe && !used; next += 4) used = view.getUint32(at + next, true) !== 0;
    if (used) offsets.push(at);
  }
  const step = Math.max(1, offsets.length / limit);
  return Array.from(
    { length: Math.min(limit, offsets.length) },
    (_, index) => offsets[Math.floor(index * step)] ?? 0,
  );
}
