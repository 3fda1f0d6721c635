import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascendingOrder } from '../../src/memory/ascending-order.js';

/** As a comparison of all numbers has it. */
function naively(keys: Float64Array, length: number): number[] {
  return Array.from({ length }, (_, i) => i).sort(
    (a, b) => (keys[a] as number) - (keys[b] as number) || a - b,
  );
}

/** Page frames, addresses, indices of any 64 bits: many equal ones, and all kinds of doubles. */
const key = fc.oneof(
  fc.nat(9),
  fc.nat({ max: 2 ** 40 }),
  fc.double({ min: 0, max: 2 ** 64, noNaN: true }),
  fc.constantFrom(0, 0xffff, 0x1_0000, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53 + 2, 2 ** 64),
);

test.each([0, 1, 100, 40_000])('%d numbers and more', (least) => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 200 }), fc.nat(5), (some, spare) => {
      const length = Math.max(least, some.length);
      // Few of them, again and again, so that equal ones have to keep their order.
      const keys = Float64Array.from(
        { length: length + spare },
        (_, i) => some[(i * 7919) % some.length] ?? 0,
      );
      expect([...ascendingOrder(keys, length)]).toEqual(naively(keys, length));
    }),
    { numRuns: least > 1000 ? 4 : 60 },
  );
});
