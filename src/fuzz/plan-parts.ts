/** What plans of all generations have. */
import fc from 'fast-check';

/** Picks a layout; 0 is the plain one. */
export function layoutKey(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(0xffff_ffff) });
}

/** Fragmentation, or another part of a whole; shrinks towards 0. */
export function disorder(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(0, 1),
    fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  );
}
