/** Sizes across 4 GiB, where the interrupt range is, and beyond what one batch of runs holds. */
import { describe, expect, test } from 'vitest';
import type { SynthOptions } from '../../src/synth/options.js';
import { layRfc } from '../../src/synth/rfc.js';
import { rfcPlan } from '../../src/synth/rfc-options.js';
import type { RfcPlan } from '../../src/synth/rfc-plan.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { sweep } from '../sweep.js';
import { decodeSynthesis } from './accounts.js';

const MIB = 1n << 20n;
const GIB = 1n << 30n;

function serious(options: SynthOptions): string[] {
  return validate(decodeSynthesis(synthesise(planFromSeed(options))), catalogue)
    .findings.filter(({ severity }) => severity !== 'note')
    .map(({ rule, message }) => `${rule} ${message}`);
}

/** Areas of every IOAS as [start, end) in pages. */
function areasOf(plan: RfcPlan): (readonly [start: number, end: number])[] {
  return layRfc(plan).iommufds.flatMap(({ ioases }) =>
    ioases.flatMap(({ areas }) => areas.map(({ iova, pages }) => [iova, iova + pages] as const)),
  );
}

describe('one domain of the 2024 series', () => {
  const SIZES = [64n * MIB, GIB, 3584n * MIB, 5n * GIB];
  const cases = SIZES.flatMap((guestRam) =>
    [0, 0.25, 1].flatMap((fragmentation) =>
      [0n, 1n, 99n].slice(0, sweep(3, 1)).map((seed) => ({ guestRam, fragmentation, seed })),
    ),
  );

  test.each(cases)('has no error and no warning: %o', (parameters) => {
    expect(serious({ abi: 'rfc-2024', domains: 1, ...parameters })).toEqual([]);
  });

  test.each([
    { guestRam: 40n * GIB, fragmentation: 0.25, seed: 2n },
    { guestRam: 40n * GIB, fragmentation: 0.25, seed: 1n, areas: 300, levels: 5 },
    { guestRam: 509n * GIB, fragmentation: 0, levels: 3, areas: 1 },
  ])('nor has a large one: %o', { timeout: 120_000 }, (parameters) => {
    expect(serious({ abi: 'rfc-2024', domains: 1, ...parameters })).toEqual([]);
  });

  test('maps nothing in 0xfee00000-0xfeefffff, but all of its memory around that', () => {
    const seeds = BigInt(sweep(40, 8));
    let across = 0;
    for (let seed = 0n; seed < seeds; seed++) {
      const options: SynthOptions = { abi: 'rfc-2024', domains: 1, guestRam: 8n * GIB, seed };
      const areas = areasOf(rfcPlan(options));
      for (const [start, end] of areas) expect(start < 0xfef00 && end > 0xfee00).toBe(false);
      expect(areas.reduce((sum, [start, end]) => sum + end - start, 0)).toBeLessThanOrEqual(8 * 2 ** 18);
      expect(areas.reduce((sum, [start, end]) => sum + end - start, 0)).toBeGreaterThan(7 * 2 ** 18);
      if (areas.some(([, end]) => end <= 0xfee00) && areas.some(([start]) => start >= 0xfef00)) across++;
    }
    expect(across).toBeGreaterThan(sweep(30, 5));
  });

  test('is refused where the address space less the interrupt range is too small', () => {
    expect(() => rfcPlan({ abi: 'rfc-2024', domains: 1, levels: 3, guestRam: 512n * GIB })).toThrow(
      /^--levels: /,
    );
  });

  test.each([
    ['that would end in it', 0xfee00 - 600, 700],
    ['that would begin in it', 0xfee80 - 512, 40],
    ['that would hold it', 0xfee00 - 700, 1500],
    ['that ends before it', 0xfee00 - 612, 100],
    ['that begins after it', 0xfef00 - 512, 40],
  ])('an area %s lies beside it, at the same place of a 2 MiB page', (_, gap, pages) => {
    const plan: RfcPlan = {
      ...rfcPlan({ abi: 'rfc-2024', domains: 1, guestRam: 8n * MIB }),
      iommufds: [
        {
          persistentId: 1,
          agaw: 1,
          devices: [{ bus: 0, devfn: 8 }],
          ioases: [
            {
              blocks: 4,
              areas: [
                { gap: 0, offset: 0, pages: 512, prot: 7 },
                { gap, offset: 0, pages, prot: 7 },
              ],
            },
          ],
        },
      ],
      spareFiles: [],
    };
    const [, [start, end] = [0, 0]] = areasOf(plan);
    expect(end - start).toBe(pages);
    expect(start % 512).toBe((512 + gap) % 512);
    expect(start < 0xfef00 && end > 0xfee00).toBe(false);
    const wished = 512 + gap;
    if (wished + pages <= 0xfee00 || wished >= 0xfef00) expect(start).toBe(wished);
    else expect(start - 0xfef00).toBeLessThan(512);
  });
});

describe.each(['kho-v1', 'kho-v2', 'kho-v3', 'kho-v4'] as const)('%s', (abi) => {
  test.each([4096, 65536])(
    'has no error and no warning at sizes across 4 GiB, in pages of %i',
    (pageSize) => {
      for (const guestRam of [64n * MIB, 3584n * MIB, 5n * GIB].slice(sweep(0, 1))) {
        for (const fragmentation of [0, 1].slice(0, sweep(2, 1))) {
          expect(serious({ abi, pageSize, guestRam, fragmentation, seed: 1n })).toEqual([]);
        }
      }
    },
    120_000,
  );
});
