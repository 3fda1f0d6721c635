import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createXxh64 } from '../../src/memory/xxh64.js';

function hash(...parts: Uint8Array[]): number {
  const state = createXxh64();
  for (const part of parts) state.update(part);
  return state.low32();
}

test.each([
  ['', 0x51d8e999],
  ['a', 0xa98c6e5b],
  ['abc', 0xad770999],
])('of %j with seed 0', (text, low) => {
  expect(hash(new TextEncoder().encode(text))).toBe(low);
});

test('does not depend on how the bytes are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, a, b) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const cut = hash(bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to));
      expect(cut).toBe(hash(bytes));
    }),
  );
});
