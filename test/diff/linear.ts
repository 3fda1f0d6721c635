import { expect } from 'vitest';

/** The shortest of three runs: what else the machine does only adds. */
function time(run: () => void): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
}

/** Eight times as much may take four times what is in proportion, never the square. */
export function expectLinear(run: (size: number) => void, size: number): void {
  run(size);
  expect(time(() => run(8 * size)) / time(() => run(size))).toBeLessThan(8 * 4);
}
