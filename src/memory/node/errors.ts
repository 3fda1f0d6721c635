/**
 * A file that cannot be read or used as asked; the message is one line that names path and cause.
 *
 * @example
 * ```ts
 * import { InputError, openDump } from 'kho-toolkit/node';
 *
 * try {
 *   await openDump('no-such-file');
 * } catch (error) {
 *   if (error instanceof InputError) console.log(error.message);
 * }
 * //=> no-such-file: no such file or folder
 * ```
 */
export class InputError extends Error {
  override readonly name: string = 'InputError';
  readonly path: string;
  /** The system's error code (`ENOENT`, `EISDIR`, ...), or a kebab-case code of this toolkit. */
  readonly code: string;

  constructor(path: string, code: string, cause: string) {
    super(`${path === '-' ? 'standard input' : path}: ${cause}`);
    this.path = path;
    this.code = code;
  }
}

/**
 * A file that cannot be written; like {@link InputError}.
 *
 * @example
 * ```ts
 * import { OutputError, writeFileAtomic } from 'kho-toolkit/node';
 *
 * try {
 *   await writeFileAtomic('no-such-folder/out', ['text']);
 * } catch (error) {
 *   if (error instanceof OutputError) console.log(error.code); //=> ENOENT
 * }
 * ```
 */
export class OutputError extends Error {
  override readonly name: string = 'OutputError';
  readonly path: string;
  readonly code: string;

  constructor(path: string, code: string, cause: string) {
    super(`${path === '-' ? 'standard output' : path}: ${cause}`);
    this.path = path;
    this.code = code;
  }
}

const CAUSES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EISDIR', 'is a folder'],
  ['ENOTDIR', 'part of the path is not a folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['ENOSPC', 'no space left on the device'],
  ['EDQUOT', 'disk quota exceeded'],
  ['EFBIG', 'file too large for the file system'],
  ['EROFS', 'read-only file system'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files in the system'],
  ['ELOOP', 'too many symbolic links'],
  ['ENAMETOOLONG', 'name too long'],
  ['ENXIO', 'no such device, or a socket'],
  ['EIO', 'input/output error'],
  ['EBADF', 'already closed'],
]);

/** The system's error code of something caught, e.g. `ENOENT`; empty when it has none. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What went wrong, in words, without path and stack. */
export function errorCause(error: unknown): string {
  const known = CAUSES.get(errorCode(error));
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Something caught while reading `path`, as an InputError; one that is an InputError already stays. */
export function asInputError(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  return new InputError(path, errorCode(error), errorCause(error));
}

/** Something caught while writing `path`, as an OutputError. */
export function asOutputError(path: string, error: unknown): OutputError {
  if (error instanceof OutputError) return error;
  return new OutputError(path, errorCode(error), errorCause(error));
}
