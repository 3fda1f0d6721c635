/** One line on a terminal that says how far a long run or output is. */
import { escapeText } from '../schema/escape.js';
import { size } from '../schema/units.js';

export interface Progress {
  /** Shows a text, at most a few times a second. */
  show(text: () => string): void;
  /** Wipes the line. */
  end(): void;
}

/** Where progress is shown; a test has its own. */
export interface Terminal {
  write(text: string): unknown;
  /** Undefined where it is not known. */
  readonly columns?: number | undefined;
  /** Milliseconds since any moment. */
  now(): number;
}

/** Milliseconds between two lines, and before the first one: what is over sooner shows none. */
const INTERVAL = 200;
/** A shorter output is written before progress is shown. */
const WORTH = 1 << 28;

/** Standard error, if that is a terminal that can erase a line and is not to be quiet. */
export function terminalOf(quiet: boolean | undefined): Terminal | undefined {
  const { stderr } = process;
  if (quiet === true || stderr.isTTY !== true || process.env.TERM === 'dumb') return undefined;
  return {
    write: (text) => stderr.write(text),
    get columns() {
      return stderr.columns;
    },
    now: () => performance.now(),
  };
}

/** Writes to a terminal; without one, nothing. */
export function createProgress(terminal: Terminal | undefined): Progress {
  if (terminal === undefined) return { show() {}, end() {} };
  let last = terminal.now();
  let shown = false;
  return {
    show(text) {
      const now = terminal.now();
      if (now - last < INTERVAL) return;
      last = now;
      shown = true;
      // A pseudo-terminal that nobody sized says 0.
      const columns = terminal.columns || 80;
      terminal.write(`\r\u001b[K${escapeText(text()).slice(0, Math.max(20, columns - 1))}`);
    },
    end() {
      if (shown) terminal.write('\r\u001b[K');
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
  const progress = createProgress(terminalOf(total < WORTH || quiet));
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
