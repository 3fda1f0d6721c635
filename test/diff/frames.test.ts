/** Sets of page frames that turn from runs to bits as they grow. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrames } from '../../src/diff/kept/frames.js';
import { pageSetOfFrames } from '../../src/memory/page-set.js';

const run = fc.oneof(
  fc.tuple(fc.nat(2 ** 18), fc.integer({ min: 1, max: 40 })),
  fc.tuple(fc.nat(2 ** 18), fc.nat(2 ** 18)),
  fc.tuple(fc.nat(2 ** 31), fc.nat(2 ** 31)),
);

test('hold the same frames however many runs there are', () => {
  fc.assert(
    fc.property(fc.array(run), fc.boolean(), (list, many) => {
      const runs = list.map(([start, length]) => ({ start, end: start + length }));
      // Single frames far after make them many.
      const far = Array.from({ length: many ? 1100 : 0 }, (_, i) => ({
        start: 2 ** 36 + 2 * i,
        end: 2 ** 36 + 2 * i + 1,
      }));
      const frames = createFrames(4096);
      for (const { start, end } of [...far, ...runs]) frames.add(start, end);
      const set = frames.finish();
      const wanted = pageSetOfFrames([...runs, ...far], 4096);
      expect([...set.runs()]).toEqual([...wanted.runs()]);
      expect(set.countPages()).toBe(wanted.countPages());
    }),
    { numRuns: 50 },
  );
});
