/** Small text files beside a dump, which are read as a whole. */
import { open } from 'node:fs/promises';
import { asInputError, InputError } from './errors.js';

/**
 * Reads a file as UTF-8 text, whatever its size is said to be: devices and pipes have none.
 *
 * @param limit bytes; more are not read
 * @throws InputError when it cannot be read, or is longer
 */
export async function readText(path: string, limit: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const chunks: Uint8Array[] = [];
      let length = 0;
      for (;;) {
        const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK), 0, CHUNK, null);
        if (bytesRead === 0) break;
        length += bytesRead;
        if (length > limit)
          throw new InputError(path, 'too-large', `has more than ${limit / 2 ** 20} MiB, and is not read`);
        chunks.push(buffer.subarray(0, bytesRead));
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asInputError(path, error);
  }
}

const CHUNK = 1 << 16;
