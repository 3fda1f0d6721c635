import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonChunks } from '../../src/report/json-chunks.js';

const text = (value: unknown, indent?: number): string => [...jsonChunks(value, indent)].join('');

test('64-bit values are hex strings, bytes are hex digits, what is undefined is left out', () => {
  const value = { a: 2n ** 64n - 1n, b: Uint8Array.of(0, 255), c: undefined, d: null, e: [1, undefined] };
  expect(JSON.parse(text(value))).toEqual({ a: '0xffffffffffffffff', b: '00ff', d: null, e: [1, null] });
});

test('iterables are drawn from as they are written', () => {
  let drawn = 0;
  function* many(): Generator<number> {
    for (let i = 0; i < 1_000_000; i++) {
      drawn++;
      yield i;
    }
  }
  const chunks = jsonChunks({ many: many() }, 0);
  chunks.next();
  expect(drawn).toBeLessThan(50_000);
});

test('a function is asked when its turn comes, and left out when it has nothing to say', () => {
  let drawn = 0;
  function* many(): Generator<number> {
    while (drawn < 3) yield drawn++;
  }
  const value = { many: many(), drawn: () => drawn, nothing: () => undefined, list: [{ of: () => 'more' }] };
  expect(JSON.parse(text(value, 1))).toEqual({ many: [0, 1, 2], drawn: 3, list: [{ of: 'more' }] });
});

test('any JSON value reads back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2), (value, indent) => {
      expect(JSON.parse(text(value, indent))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
