/** How much of a pass is done, and how long the rest takes: from entries of lists, or from the place of a walk. */
import type { WorkListener } from '../memory/work.js';

/** Before so much time and such a share of a pass, nothing is foretold. */
const SETTLED = { seconds: 1, share: 0.005 };

export interface WorkState {
  /** 0 to 1. */
  readonly share: number;
  /** Seconds; undefined as long as that is a guess. */
  readonly left?: number;
}

export interface Work extends WorkListener {
  /** Something else begins, of which nothing is known. */
  reset(): void;
  /** Undefined where nothing tells. */
  state(): WorkState | undefined;
}

/** @param now milliseconds since any moment */
export function createWork(now: () => number): Work {
  let expected: number | undefined;
  let done = 0;
  let share: (() => number) | undefined;
  let part = { from: 0, to: 1 };
  /** When the pass began, and where it was when it was asked last. */
  let began = now();
  let last = 0;

  function begin(): void {
    began = now();
    last = 0;
    done = 0;
    share = undefined;
  }

  function current(): number | undefined {
    // More than was foretold: another pass, or a list that is read again.
    if (expected !== undefined && done > 0) return done <= expected ? done / expected : undefined;
    return share === undefined ? undefined : part.from + (part.to - part.from) * Math.min(1, share());
  }

  return {
    reset() {
      expected = undefined;
      part = { from: 0, to: 1 };
      begin();
    },
    expect(entries) {
      expected = entries;
      begin();
    },
    entries(count) {
      done += count;
    },
    share(next) {
      share = next;
    },
    part(from, to) {
      if (from === 0) begin();
      part = { from, to };
    },
    state() {
      const at = current();
      if (at === undefined) return undefined;
      // Another walk than before.
      if (at < last) began = now();
      last = at;
      const seconds = (now() - began) / 1000;
      if (seconds < SETTLED.seconds || at < SETTLED.share) return { share: at };
      return { share: at, left: (seconds * (1 - at)) / at };
    },
  };
}
