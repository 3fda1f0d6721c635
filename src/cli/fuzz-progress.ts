/** One line on a terminal that says how far a long run is. */
import { escapeText } from '../schema/escape.js';

export interface Progress {
  /** Shows a text, at most a few times a second. */
  show(text: () => string): void;
  /** Wipes the line. */
  end(): void;
}

const INTERVAL = 200;

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
