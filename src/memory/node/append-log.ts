/** Text files that grow by whole lines, and may be cut off anywhere when a run is interrupted. */
import { type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { asOutputError, errorCode } from './errors.js';
import { permittedMode } from './files-read.js';

export interface AppendLog {
  /** Adds a line; it is in the file when this returns. */
  add(line: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a log for appending; anything after its last newline is cut off.
 *
 * @throws OutputError when the system cannot write
 */
export async function openLog(path: string): Promise<AppendLog> {
  let file: FileHandle;
  try {
    const text = await textOrNothing(path);
    file = await open(path, 'a', permittedMode(0o666));
    const whole = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
    if (whole < Buffer.byteLength(text)) await file.truncate(whole);
  } catch (error) {
    throw asOutputError(path, error);
  }
  return {
    async add(line) {
      try {
        await file.appendFile(`${line}\n`);
      } catch (error) {
        throw asOutputError(path, error);
      }
    },
    close: () => file.close(),
  };
}

/** The text of a file, empty when there is none. */
export async function textOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw asOutputError(path, error);
  }
}

/** Names in a folder. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    throw asOutputError(path, error);
  }
}

/** Makes a folder where there is none. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw asOutputError(path, error);
  }
}
