import { closeSync, createReadStream, fstatSync, open } from 'node:fs';
import { promisify } from 'node:util';
import type { RandomAccess } from '../random-access.js';
import { asInputError, InputError } from './errors.js';
import { HEAD_SIZE, type InputKind, type Packing, recogniseKind, recognisePacking } from './recognise.js';
import { type SpoolOptions, spoolStream } from './spool.js';
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
  /** How it was compressed. */
  readonly packing?: Packing;
  /** Closes the file and removes what was spooled; further calls do nothing. */
  close(): void;
}

const openFile = promisify(open);
let standardInputTaken = false;

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
  if (standardInputTaken) throw new InputError('-', 'stdin-taken', 'can be read only once');
  standardInputTaken = true;
  return openStream(process.stdin, '-', options);
}

async function openPath(path: string, options: OpenOptions): Promise<OpenedInput> {
  const fd = await openFile(path, 'r');
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new InputError(path, 'EISDIR', 'is a folder');
    if (stat.isFile() && stat.size > 0) {
      const file = windowedFile(fd, stat.size, path);
      const head = readHead(file);
      if (recognisePacking(head) === undefined) return opened(path, file, () => closeSync(fd));
    }
    // A position of its own would fail on a pipe; a regular file is still at its start, read by position.
    const source = createReadStream('', {
      fd,
      autoClose: false,
      highWaterMark: 256 * 1024,
      ...(stat.isFile() ? { start: 0 } : {}),
    });
    const input = await openStream(source, path, options);
    closeSync(fd);
    return input;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function openStream(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: OpenOptions,
): Promise<OpenedInput> {
  const { head, whole } = await peek(source);
  const packing = recognisePacking(head);
  const content = packing === undefined ? whole : unpack(packing, whole, path);
  const spool = await spoolStream(content, path, options);
  const input = opened(path, windowedFile(spool.fd, spool.size, path), spool.close, packing);
  if (recognisePacking(input.head) !== undefined) {
    input.close();
    throw new InputError(path, 'packed-twice', 'is compressed twice; unpack it once first');
  }
  return input;
}

function opened(path: string, file: RandomAccess, release: () => void, packing?: Packing): OpenedInput {
  const head = readHead(file);
  let open = true;
  const close = () => {
    if (open) release();
    open = false;
  };
  const input = { path, kind: recogniseKind(head), file, head, close };
  return packing === undefined ? input : { ...input, packing };
}

function readHead(file: RandomAccess): Uint8Array {
  const head = new Uint8Array(HEAD_SIZE);
  return head.subarray(0, file.readAt(0, HEAD_SIZE, head));
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
