/** How far a long output has come, on standard error of a terminal. */
import { size } from '../schema/units.js';

/** Less than this is written before anybody looks. */
const WORTH = 1 << 28;
/** Milliseconds between two lines. */
const PERIOD = 200;

/**
 * The same chunks; while they are drawn, a line says how many of the bytes have passed.
 *
 * @param total bytes, about
 */
export function* withProgress(
  chunks: Iterable<Uint8Array>,
  total: number,
  { quiet }: { quiet?: boolean | undefined },
): Generator<Uint8Array> {
  if (total < WORTH || quiet === true || process.stderr.isTTY !== true) {
    yield* chunks;
    return;
  }
  let done = 0;
  let next = Date.now() + PERIOD;
  try {
    for (const chunk of chunks) {
      yield chunk;
      done += chunk.length;
      if (Date.now() < next) continue;
      next = Date.now() + PERIOD;
      const part = Math.min(100, Math.floor((100 * done) / total));
      process.stderr.write(`\r\x1b[K${part}%  ${size(done)} of ${size(total)}`);
    }
  } finally {
    process.stderr.write('\r\x1b[K');
  }
}
