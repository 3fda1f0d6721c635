/** How many cases long sweeps have: `npm run nightly` has all of them, `npm test` enough to see a fault of a kind. */
const NIGHTLY = process.env.KHO_NIGHTLY === '1';

/** @returns `nightly` under `npm run nightly`, else `daily` */
export function sweep(nightly: number, daily: number): number {
  return NIGHTLY ? nightly : daily;
}

/** For tests that `npm run nightly` alone has: `test.skipIf(byDay)`. */
export const byDay = !NIGHTLY;
