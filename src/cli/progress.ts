/** One line on a terminal that says how far a long run or output is. */
import { escapeText } from '../schema/escape.js';
import { size } from '../schema/units.js';

export interface Progress {
  /** Shows a text, at most a few times a second. */
  show(text: () => string): void;
  /** Wipes the line. */
  end(): void;
}

/** Milliseconds between two lines. */
const INTERVAL = 200;
/** A shorter output is written before progress is shown. */
const WORTH = 1 << 28;

/** Writes to standard error if that is a terminal, else nothing. */
export function createProgress(quiet: boolean | undefined): Progress {
  const { stderr } = process;
  if (quiet === true || stderr.isTTY !== true) return { show() {}, end() {} };
  let last = 0;
  let shown = false;
  return {
    show(text) {
      const now = performance.now();
      if (now - last < INTERVAL) return;
      last = now;
      shown = true;
      stderr.write(`\r\u001b[K${escapeText(text()).slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
    },
    end() {
      if (shown) stderr.write('\r\u001b[K');
      shown = false;
    },
  };
}

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
  const progress = createProgress(total < WORTH || quiet);
  let done = 0;
  try {
    for (const chunk of chunks) {
      yield chunk;
      done += chunk.length;
      progress.show(
        () => `${Math.min(100, Math.floor((100 * done) / total))}%  ${size(done)} of ${size(total)}`,
      );
    }
  } finally {
    progress.end();
  }
}
