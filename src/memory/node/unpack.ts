import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCause, errorCode, InputError } from './errors.js';
import type { Packing } from './recognise.js';
import { unzstd } from './unzstd.js';

/** Turns a packed stream into the bytes in it; throws InputError for damaged data. */
type Decoder = (source: AsyncIterable<Uint8Array>, path: string) => AsyncIterable<Uint8Array>;

const DECODERS: Readonly<Record<Packing, Decoder>> = { gzip: gunzip, zstd: unzstd };

/**
 * Unpacks a stream.
 *
 * @param path for messages
 * @returns the bytes in it; reading them throws InputError when the data are damaged
 */
export function unpack(
  packing: Packing,
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncIterable<Uint8Array> {
  return DECODERS[packing](source, path);
}

/** All members of a gzip file, one after another. */
async function* gunzip(source: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false });
  const output = createGunzip({ chunkSize: 64 * 1024 });
  input.on('error', (error) => output.destroy(error));
  input.pipe(output);
  try {
    for await (const chunk of output) yield chunk;
  } catch (error) {
    if (error instanceof InputError || !errorCode(error).startsWith('Z_')) throw error;
    const cause = errorCode(error) === 'Z_BUF_ERROR' ? 'ends early' : `is damaged (${errorCause(error)})`;
    throw new InputError(path, 'gzip-data', `the gzip data ${cause}`);
  } finally {
    input.destroy();
    output.destroy();
  }
}
