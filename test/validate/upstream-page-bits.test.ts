import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPageBits } from '../../src/validate/upstream/page-bits.js';

/** Near each other, near the ends of pieces, and as far away as page frames are. */
const frame = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.integer({ min: 4090, max: 4102 }),
  fc.integer({ min: 2 ** 40 - 3, max: 2 ** 40 + 3 }),
  fc.constantFrom(2 ** 52 - 1, 2 ** 51),
);

test('a set of page frames is what a plain set is', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 60 }), fc.array(frame, { maxLength: 20 }), (added, asked) => {
      const bits = createPageBits();
      const plain = new Set<number>();
      for (const [i, pfn] of added.entries()) {
        expect(bits.add(pfn)).toBe(!plain.has(pfn));
        plain.add(pfn);
        // Questions in between must not leave stale state.
        if (i % 7 === 0) bits.next(0);
      }
      const sorted = [...plain].sort((a, b) => a - b);
      for (const pfn of [...asked, ...added]) {
        expect(bits.has(pfn)).toBe(plain.has(pfn));
        expect(bits.next(pfn)).toBe(sorted.find((each) => each >= pfn) ?? Number.POSITIVE_INFINITY);
        let missing = pfn;
        while (plain.has(missing)) missing++;
        expect(bits.nextMissing(pfn)).toBe(missing);
      }
    }),
  );
});
