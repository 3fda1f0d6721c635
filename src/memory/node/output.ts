import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keepFile, removeAtExit } from './cleanup.js';
import { asOutputError, errorCode, OutputError } from './errors.js';
import { permittedMode, readAs } from './files-read.js';
import { tellHold, tellWritten } from './telling.js';
import { uniqueSuffix } from './unique.js';

/** What is written: text as UTF-8, and bytes, in pieces of any size. */
export type OutputChunks = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;

/** Names of standard output; a file that it refers to must not be replaced under the descriptor that others share. */
const STANDARD_OUTPUT = new Set(['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']);

/** Small chunks are gathered up to this many bytes. */
const BATCH = 64 * 1024;

/**
 * Writes a file as a whole or not at all: beside its place under another name, synced, then renamed. The
 * temporary file is removed on failure, on exit and on signals. A link is followed; what is not a regular
 * file (a pipe, /dev/null) is written in place. A file that this run has read is refused. `-` is standard output, whose reader may leave early.
 *
 * @throws OutputError when the system cannot write; errors that `chunks` throws pass through
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { writeFileAtomic } from 'kho-toolkit/node';
 *
 * await writeFileAtomic('out.txt', ['two ', 'pieces']);
 * console.log(readFileSync('out.txt', 'utf8')); //=> two pieces
 * ```
 */
export async function writeFileAtomic(path: string, chunks: OutputChunks): Promise<void> {
  if (STANDARD_OUTPUT.has(path)) return writeStandardOutput(chunks);
  const target = await resolveTarget(path);
  if (target.special) return writeInPlace(path, chunks);
  const temporary = join(dirname(target.path), `.kho-${uniqueSuffix()}.tmp`);
  removeAtExit(temporary);
  try {
    const file = await attempt(path, open(temporary, 'wx', target.mode));
    try {
      await writeChunks(file, path, chunks);
      await attempt(path, file.sync());
    } finally {
      await file.close();
    }
    await attempt(path, rename(temporary, target.path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    keepFile(temporary);
  }
}

interface Target {
  readonly path: string;
  /** Neither absent nor a regular file: cannot be replaced by renaming. */
  readonly special: boolean;
  /**
   * Permissions of the file that is replaced, else those of a new file (the umask applies); never more than those of
   * what was read.
   */
  readonly mode: number;
}

async function resolveTarget(path: string): Promise<Target> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new OutputError(path, 'EISDIR', 'is a folder');
    // The link of a pipe's descriptor (/dev/fd/3) leads to no path: it is never resolved, nor replaced.
    if (!found.isFile()) return { path, special: true, mode: 0o666 };
    const input = readAs(found);
    if (input !== undefined) {
      throw new OutputError(path, 'output-is-input', `is read as ${input}; it was not changed`);
    }
    return { path: await realpath(path), special: false, mode: permittedMode(found.mode & 0o777) };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw asOutputError(path, error);
    return { path, special: await isLink(path), mode: permittedMode(0o666) };
  }
}

/** Whether the name is a link, here one that leads nowhere: then its target is made, not the link replaced. */
async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

async function writeInPlace(path: string, chunks: OutputChunks): Promise<void> {
  const file = await attempt(path, open(path, 'w'));
  try {
    await writeChunks(file, path, chunks);
  } finally {
    await file.close();
  }
}

async function writeChunks(file: FileHandle, path: string, chunks: OutputChunks): Promise<void> {
  for await (const bytes of batches(chunks)) {
    tellWritten(bytes.length);
    for (let at = 0; at < bytes.length; ) {
      at += (await attempt(path, file.write(bytes, at, bytes.length - at))).bytesWritten;
    }
  }
}

async function writeStandardOutput(chunks: OutputChunks): Promise<void> {
  const output = process.stdout;
  // The write's own callback gets the error; without a listener the event would end the process.
  const ignore = () => {};
  output.on('error', ignore);
  try {
    for await (const bytes of batches(chunks)) {
      if (output.isTTY === true) tellHold(true);
      else tellWritten(bytes.length);
      const error = await new Promise<Error | null | undefined>((done) => output.write(bytes, done));
      if (!error) continue;
      if (errorCode(error) === 'EPIPE' || errorCode(error) === 'ERR_STREAM_DESTROYED') return;
      throw asOutputError('-', error);
    }
  } finally {
    output.off('error', ignore);
    tellHold(false);
  }
}

/**
 * The same bytes in pieces worth a system call. A piece is valid until the next one is asked for; nothing
 * of a chunk is kept, so that the producer may reuse one buffer.
 */
async function* batches(chunks: OutputChunks): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const batch = new Uint8Array(BATCH);
  let size = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (size + bytes.length > BATCH) {
      if (size > 0) yield batch.subarray(0, size);
      size = 0;
    }
    if (bytes.length > BATCH) {
      yield bytes;
    } else {
      batch.set(bytes, size);
      size += bytes.length;
    }
  }
  if (size > 0) yield batch.subarray(0, size);
}

async function attempt<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asOutputError(path, error);
  }
}
