import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

/** A whole file. */
export function fileBytes(path: string): Uint8Array {
  return plain(readFileSync(path));
}

/** One gzip member. */
export function gzip(bytes: Uint8Array | string): Uint8Array {
  return plain(gzipSync(bytes));
}

/** What gzip data hold. */
export function gunzip(bytes: Uint8Array): Uint8Array {
  return plain(gunzipSync(bytes));
}

/** All parts, one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether two arrays hold the same bytes; much faster than expect().toEqual() on large ones. */
export function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a === undefined || a.length !== b.length) return false;
  return a.every((byte, i) => byte === b[i]);
}

/** The same bytes as a Uint8Array: a Buffer is not equal to one in comparisons, nor in types. */
function plain(buffer: {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
}): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
