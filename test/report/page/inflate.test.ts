/** The viewer's own inflate gives what zlib packed, and nothing for what is damaged. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inflate } from '../../../src/viewer/inflate.js';

/** Bytes that pack well, and those that do not. */
const pages = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 400 })), { maxLength: 30 })
    .map((runs) => Uint8Array.from(runs.flatMap(([byte, count]) => new Array<number>(count).fill(byte)))),
  fc
    .array(fc.constantFrom(...'the kernel hands pages over'), { maxLength: 3000 })
    .map((text) => new TextEncoder().encode(text.join(''))),
);

test('what zlib packed at any level comes back', () => {
  fc.assert(
    fc.property(pages, fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 2, 4), (bytes, level, strategy) => {
      const packed = new Uint8Array(deflateSync(bytes, { level, strategy }));
      expect(Buffer.compare(inflate(packed, bytes.length) ?? new Uint8Array(1), bytes)).toBe(0);
      expect(inflate(packed, bytes.length + 1)).toBeUndefined();
    }),
  );
});

test('damage never throws', () => {
  fc.assert(
    fc.property(pages, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (bytes, at, flip, cut) => {
      const packed = new Uint8Array(deflateSync(bytes));
      const place = at % packed.length;
      packed[place] = (packed[place] ?? 0) ^ flip;
      inflate(cut ? packed.subarray(0, place) : packed, bytes.length);
    }),
  );
});
