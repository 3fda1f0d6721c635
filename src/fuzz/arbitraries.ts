import fc from 'fast-check';

/** Values at which 64-bit code breaks: ends, and the neighbourhood of 2^31, 2^32, 2^53 and 2^63. */
const EDGES: readonly bigint[] = [31n, 32n, 53n, 63n].flatMap((bit) => [
  (1n << bit) - 1n,
  1n << bit,
  (1n << bit) + 1n,
]);

/** Any unsigned integer of `width` (1..32) bits, the ends more often. */
export function uint(width: number): fc.Arbitrary<number> {
  const max = 2 ** width - 1;
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, max, max - 1) },
  );
}

/** Any signed integer of `width` (2..32) bits, the ends more often. */
export function sint(width: number): fc.Arbitrary<number> {
  const min = -(2 ** (width - 1));
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min, max: -min - 1 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, -1, min, -min - 1) },
  );
}

/** Any unsigned integer of `width` (33..64) bits, the ends and powers of two more often. */
export function bigUint(width: number): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(width)) - 1n;
  const edges = [0n, 1n, max - 1n, max, ...EDGES.filter((edge) => edge <= max)];
  return fc.oneof(
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max }) },
    { weight: 1, arbitrary: fc.constantFrom(...edges) },
  );
}

/** Any signed integer of `width` (33..64) bits, the ends and powers of two more often. */
export function bigSint(width: number): fc.Arbitrary<bigint> {
  const min = -(1n << BigInt(width - 1));
  const max = -min - 1n;
  const edges = [0n, 1n, -1n, min, max, ...EDGES.filter((edge) => edge <= max)];
  return fc.oneof(
    { weight: 3, arbitrary: fc.bigInt({ min, max }) },
    { weight: 1, arbitrary: fc.constantFrom(...edges) },
  );
}

/** Exactly `length` bytes. */
export function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** A number of elements, small enough that the record stays small. */
export function count(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 40 });
}
