/** Ranges that are added again and again, in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRangeCollector } from '../../src/trim/byte-ranges.js';

test('are those of the set of their bytes', () => {
  const range = fc.tuple(fc.nat(600), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 400 }), (ranges) => {
      const collector = createRangeCollector();
      const bytes = new Set<number>();
      for (const [start, length] of ranges) {
        collector.add(start, length);
        for (let i = 0; i < length; i++) bytes.add(start + i);
      }
      const { starts, ends, count } = collector.finish();
      const found: number[] = [];
      for (let i = 0; i < count; i++) {
        if (i > 0) expect(starts[i]).toBeGreaterThan(ends[i - 1] ?? 0);
        for (let at = starts[i] ?? 0; at < (ends[i] ?? 0); at++) found.push(at);
      }
      expect(found).toEqual([...bytes].sort((a, b) => a - b));
    }),
    { numRuns: 100 },
  );
});
