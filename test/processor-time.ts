/**
 * Measures work by the processor time of this process, which other work on the machine hardly changes; a clock on
 * the wall would fail on a busy one.
 */
import { expect } from 'vitest';

/** Milliseconds of processor time that the work takes, and its result. */
function measured<T>(work: () => T): { milliseconds: number; result: T } {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  return { milliseconds: (user + system) / 1000, result };
}

/** Runs work that must end soon, and gives its result. The limit, in milliseconds, is many times what it takes. */
export function within<T>(limit: number, work: () => T): T {
  const { milliseconds, result } = measured(work);
  expect(milliseconds).toBeLessThan(limit);
  return result;
}

/** The least of several runs, more of them when they are short. */
function least(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let i = 0; i < 3 || (i < 30 && spent < 50); i++) {
    const { milliseconds } = measured(run);
    spent += milliseconds;
    best = Math.min(best, milliseconds);
  }
  return best;
}

/** Quadratic time gives 2. */
const BOUND = 1.6;

/**
 * Expects that the time of `large` grows with its size to a power below 1.6.
 *
 * @param factor size of `large` / size of `small`
 */
export function expectGrowth(small: () => void, large: () => void, factor: number): void {
  let best = Number.POSITIVE_INFINITY;
  // A collection of the heap that a worker's files share falls into some runs, and not into all.
  for (let i = 0; i < 16 && best >= BOUND; i++) {
    const base = least(small);
    // What one run of the large size shows, the least of several shows all the more.
    for (let run = 0; run < 3 && best >= BOUND; run++) {
      best = Math.min(best, Math.log(measured(large).milliseconds / base) / Math.log(factor));
    }
  }
  expect(best).toBeLessThan(BOUND);
}

/** {@link expectGrowth} of `run` from `size` to eight times as much. */
export function expectLinear(run: (size: number) => void, size: number): void {
  expectGrowth(
    () => run(size),
    () => run(8 * size),
    8,
  );
}
