import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpackLzo } from '../../../src/memory/kdump/lzo.js';
import { unpackSnappy } from '../../../src/memory/kdump/snappy.js';

interface Vector {
  readonly codec: 'lzo' | 'snappy';
  readonly size: number;
  readonly packed: string;
  readonly sha256: string;
}

/** Made by others' compressors; the file says by which. */
const { vectors } = JSON.parse(readFileSync('test/data/lz-vectors.json', 'utf8')) as {
  readonly vectors: readonly Vector[];
};
const UNPACK = { lzo: unpackLzo, snappy: unpackSnappy };

describe.each(['lzo', 'snappy'] as const)('%s', (codec) => {
  const unpack = UNPACK[codec];
  const mine = vectors
    .filter((vector) => vector.codec === codec)
    .map(({ packed, ...rest }) => ({ ...rest, bytes: Uint8Array.from(Buffer.from(packed, 'base64')) }));

  test('what others compressed', () => {
    expect(mine.length).toBeGreaterThan(8);
    for (const { bytes, size, sha256 } of mine) {
      const out = unpack(bytes, size);
      expect(
        createHash('sha256')
          .update(out ?? '')
          .digest('hex'),
      ).toBe(sha256);
    }
  });

  test('cut off anywhere, or of another size: no result', () => {
    for (const { bytes, size } of mine) {
      for (let end = 0; end < bytes.length; end++)
        expect(unpack(bytes.subarray(0, end), size)).toBeUndefined();
      expect(unpack(bytes, size - 1)).toBeUndefined();
      expect(unpack(bytes, size + 1)).toBeUndefined();
    }
  });

  test('any bytes: a result of the size asked for, or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 5000 }), (bytes, size) => {
        const out = unpack(bytes, size);
        if (out !== undefined) expect(out.length).toBe(size);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...mine),
        fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ({ bytes, size }, changes) => {
          const damaged = bytes.slice();
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          const out = unpack(damaged, size);
          if (out !== undefined) expect(out.length).toBe(size);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('matches before the start, runs beyond the end, and lengths without an end are refused', () => {
  // LZO: a match (64..127, distance 1) with nothing before it; a run of 255 more for each zero.
  expect(unpackLzo(Uint8Array.of(0x15, 1, 2, 3, 4, 0x7c, 0xff), 4096)).toBeUndefined();
  expect(unpackLzo(new Uint8Array(100_000), 4096)).toBeUndefined();
  expect(unpackLzo(Uint8Array.of(0x20, ...new Uint8Array(100_000)), 4096)).toBeUndefined();
  // Snappy: a copy with offset 0, one before the start, a literal of 4 GiB, a size of 2^35.
  expect(unpackSnappy(Uint8Array.of(8, 0, 1, 0x01, 0), 8)).toBeUndefined();
  expect(unpackSnappy(Uint8Array.of(8, 0, 1, 0x01, 9), 8)).toBeUndefined();
  expect(unpackSnappy(Uint8Array.of(8, 0xfc, 0xff, 0xff, 0xff, 0xff, 1), 8)).toBeUndefined();
  expect(unpackSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 1), 8)).toBeUndefined();
});
