/** What a page says of the file that it is about. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { asInputError } from '../memory/node/errors.js';

/** Size and hash of a file. */
export interface FileFacts {
  /** Bytes. */
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads a file once from its start to its end.
 *
 * @returns undefined for a folder, a stream, or a file whose size is not known
 * @throws InputError when it cannot be read
 */
export function fileFacts(path: string): FileFacts | undefined {
  if (path === '-') return undefined;
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size === 0) return undefined;
    const hash = createHash('sha256');
    const file = openSync(path, 'r');
    try {
      // One piece of memory, however long the file is: a stream takes new one for each part.
      const chunk = new Uint8Array(1 << 20);
      for (let length = 1; length > 0; ) {
        length = readSync(file, chunk, 0, chunk.length, null);
        hash.update(chunk.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
    return { bytes: stat.size, sha256: hash.digest('hex') };
  } catch (error) {
    throw asInputError(path, error);
  }
}

/** The time of a run, UTC; that of SOURCE_DATE_EPOCH where it is set, so that a page can be made again byte by byte. */
export function runDate(environment: Readonly<Record<string, string | undefined>>): string {
  const { SOURCE_DATE_EPOCH: epoch = '' } = environment;
  const date = /^[0-9]{1,12}$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date();
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Arguments as a shell takes them. */
export function commandLine(command: string, args: readonly string[]): string {
  return [command, ...args.map((arg) => (PLAIN.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))].join(
    ' ',
  );
}
