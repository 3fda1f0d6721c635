/** A file of the browser, read at any offset; what is packed is unpacked first. */

import { HEAD_SIZE, recognisePacking } from '../../memory/node/recognise.js';
import { unzstd } from '../../memory/node/unzstd.js';
import type { RandomAccess } from '../../memory/random-access.js';
import type { GivenFile } from '../open.js';

/** Bytes read at a time, and windows that are kept. */
const WINDOW = 1 << 18;
const WINDOWS = 24;

/** Random access to a Blob: the worker may read it synchronously, window by window. */
function blobAccess(blob: Blob): RandomAccess {
  const reader = new FileReaderSync();
  const windows = new Map<number, Uint8Array>();
  function windowAt(number: number): Uint8Array {
    let bytes = windows.get(number);
    if (bytes === undefined) {
      bytes = new Uint8Array(reader.readAsArrayBuffer(blob.slice(number * WINDOW, (number + 1) * WINDOW)));
      const [oldest] = windows.keys();
      if (windows.size >= WINDOWS && oldest !== undefined) windows.delete(oldest);
    } else windows.delete(number);
    windows.set(number, bytes);
    return bytes;
  }
  return {
    size: blob.size,
    readAt(offset, length, into) {
      const end = Math.min(offset + length, blob.size);
      for (let at = offset; at < end; ) {
        const number = Math.floor(at / WINDOW);
        const from = at - number * WINDOW;
        const part = windowAt(number).subarray(from, from + end - at);
        if (part.length === 0) return at - offset;
        into.set(part, at - offset);
        at += part.length;
      }
      return Math.max(0, end - offset);
    },
  };
}

/** A dropped file, unpacked. */
export async function givenFile(file: File, path = file.name): Promise<GivenFile> {
  const head = new Uint8Array(await file.slice(0, HEAD_SIZE).arrayBuffer());
  if (recognisePacking(head) === undefined) return { name: path, file: blobAccess(file) };
  return { name: path, file: blobAccess(await unpacked(path, file)), packedSize: file.size };
}

/** A file of an archive, unpacked. */
export async function unpackEntry({ name, file }: GivenFile): Promise<GivenFile> {
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes.length, bytes);
  return { name, file: blobAccess(await unpacked(name, new Blob([bytes]))), packedSize: file.size };
}

async function unpacked(name: string, blob: Blob): Promise<Blob> {
  const head = new Uint8Array(await blob.slice(0, HEAD_SIZE).arrayBuffer());
  if (recognisePacking(head) === 'gzip') {
    try {
      return await new Response(blob.stream().pipeThrough(new DecompressionStream('gzip'))).blob();
    } catch {
      throw new Error(`${name}: the gzip data are damaged or end early`);
    }
  }
  const parts: BlobPart[] = [];
  for await (const chunk of unzstd(chunksOf(blob), name)) parts.push(new Uint8Array(chunk));
  return new Blob(parts);
}

async function* chunksOf(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
