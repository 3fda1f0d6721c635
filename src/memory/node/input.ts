import { closeSync, fstatSync, open, read } from 'node:fs';
import { promisify } from 'node:util';
import type { RandomAccess } from '../random-access.js';
import { asInputError, InputError } from './errors.js';
import { noteRead } from './files-read.js';
import { HEAD_SIZE, type InputKind, type Packing, recogniseKind, recognisePacking } from './recognise.js';
import { type SpoolOptions, spoolStream } from './spool.js';
import { tellRead, tellStage } from './telling.js';
import { unpack } from './unpack.js';
import { windowedFile } from './windowed-file.js';

/** How inputs are opened. */
export type OpenOptions = SpoolOptions;

/** An input, unpacked, readable at any offset. */
export interface OpenedInput {
  /** As given; `-` for standard input. */
  readonly path: string;
  readonly kind: InputKind;
  /** The unpacked bytes. Reading throws InputError when the system fails. */
  readonly file: RandomAccess;
  /** The first bytes (at most 16), for recognising and for messages. */
  readonly head: Uint8Array;
  /** The descriptor behind `file`, open as long as that. */
  readonly fd?: number;
  /** How it was compressed. */
  readonly packing?: Packing;
  /** Bytes of the packed file, where it is one. */
  readonly packedSize?: number;
  /** Closes the file and removes what was spooled; further calls do nothing. */
  close(): void;
}

/** Bytes read at a time from what is not read in windows. */
const CHUNK = 256 * 1024;

const openFile = promisify(open);
const readFile = promisify(read);
/** Streams that were read: what came through one is gone. */
const streamsRead = new WeakSet<object>();

/**
 * Opens a file, or standard input for `-`, and recognises it by content. What is compressed or cannot be
 * read at any offset (pipes, /proc files without a size) is unpacked once into a temporary file.
 *
 * @throws InputError, its message one line naming path and cause
 */
export async function openInput(path: string, options: OpenOptions = {}): Promise<OpenedInput> {
  try {
    return path === '-' ? await openStandardInput(options) : await openPath(path, options);
  } catch (error) {
    throw asInputError(path, error);
  }
}

async function openStandardInput(options: OpenOptions): Promise<OpenedInput> {
  if (streamsRead.has(process.stdin)) throw new InputError('-', 'stdin-taken', 'can be read only once');
  streamsRead.add(process.stdin);
  return openStream(process.stdin, '-', options);
}

async function openPath(path: string, options: OpenOptions): Promise<OpenedInput> {
  const fd = await openFile(path, 'r');
  let source: ReturnType<typeof chunksOf> | undefined;
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new InputError(path, 'EISDIR', 'is a folder');
    noteRead(path, stat);
    if (stat.isFile() && stat.size > 0) {
      const file = windowedFile(fd, stat.size, path);
      tellStage('reading', path, stat.size);
      const head = readHead(file);
      if (recognisePacking(head) === undefined) return opened(path, file, fd, () => closeSync(fd));
    }
    source = chunksOf(fd, stat.isFile());
    const input = await openStream(source.chunks, path, options, stat.isFile() ? stat.size : 0);
    source.close();
    return stat.isFile() && input.packing !== undefined ? { ...input, packedSize: stat.size } : input;
  } catch (error) {
    if (source === undefined) closeSync(fd);
    else source.close();
    throw error;
  }
}

/**
 * A file's bytes in pieces. Unlike a stream's, its iterator leaves the file open when it ends early: closing
 * is up to `close`, once, and waits for a read that is still under way.
 *
 * @param seekable read by position, from the start; else from where it is, as pipes must be
 */
function chunksOf(fd: number, seekable: boolean): { chunks: AsyncIterable<Uint8Array>; close(): void } {
  let reading = false;
  let closing = false;

  async function readChunk(position: number): Promise<Uint8Array> {
    reading = true;
    try {
      const into = new Uint8Array(CHUNK);
      const { bytesRead } = await readFile(fd, into, 0, CHUNK, seekable ? position : null);
      return into.subarray(0, bytesRead);
    } finally {
      reading = false;
      if (closing) closeSync(fd);
    }
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let position = 0; !closing; ) {
      const chunk = await readChunk(position);
      if (chunk.length === 0) return;
      position += chunk.length;
      yield chunk;
    }
  }

  function close(): void {
    closing = true;
    if (!reading) closeSync(fd);
  }

  return { chunks: chunks(), close };
}

async function openStream(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: OpenOptions,
  size = 0,
): Promise<OpenedInput> {
  const counted = countBytes(source);
  const { head, whole } = await peek(counted.bytes);
  const packing = recognisePacking(head);
  tellStage(packing === undefined ? 'reading' : 'unpacking', path, size > 0 ? size : undefined);
  const content = packing === undefined ? whole : unpack(packing, whole, path);
  const spool =
    packing === undefined
      ? await spoolStream(content, path, options)
      : await spoolStream(content, path, options, counted.count, size > 0 ? size : undefined);
  tellStage('reading', path, spool.size);
  const input = opened(path, windowedFile(spool.fd, spool.size, path), spool.fd, spool.close, packing);
  if (recognisePacking(input.head) !== undefined) {
    input.close();
    throw new InputError(path, 'packed-twice', 'is compressed twice; unpack it once first');
  }
  return input;
}

function opened(
  path: string,
  file: RandomAccess,
  fd: number,
  release: () => void,
  packing?: Packing,
): OpenedInput {
  const head = readHead(file);
  let open = true;
  const close = () => {
    if (open) release();
    open = false;
  };
  const input = { path, kind: recogniseKind(head), file, head, fd, close };
  return packing === undefined ? input : { ...input, packing };
}

function readHead(file: RandomAccess): Uint8Array {
  const head = new Uint8Array(HEAD_SIZE);
  return head.subarray(0, file.readAt(0, HEAD_SIZE, head));
}

/** The same stream, and how many bytes of it were taken. */
function countBytes(source: AsyncIterable<Uint8Array>): {
  bytes: AsyncIterable<Uint8Array>;
  count(): number;
} {
  let taken = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      taken += chunk.length;
      tellRead(chunk.length);
      yield chunk;
    }
  }
  return { bytes: bytes(), count: () => taken };
}

/** Takes the first bytes of a stream and gives it back whole. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; whole: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_SIZE) {
    const next = await iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
    length += next.value.length;
  }
  const head = new Uint8Array(Math.min(length, HEAD_SIZE));
  let at = 0;
  for (const chunk of taken) {
    const part = chunk.subarray(0, head.length - at);
    head.set(part, at);
    at += part.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* taken;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, whole: whole() };
}
