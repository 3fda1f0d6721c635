/** Plans of dumps of the 2024 series: every one is consistent, and they shrink towards the empty one. */

import fc from 'fast-check';
import type { AreaPlan, IommufdPlan, RfcPlan } from '../synth/rfc-plan.js';
import { RFC } from '../versions/generations.js';
import { INTERRUPT_RANGE, INTERRUPT_RANGE_END } from '../vtd/interrupt-range.js';
import { disorder, layoutKey } from './plan-parts.js';

const area: fc.Arbitrary<AreaPlan> = fc.record({
  gap: fc.oneof(
    fc.nat(64),
    // Around the spans of one entry of each level.
    fc.constantFrom(2 ** 9 - 1, 2 ** 9, 2 ** 18 - 1, 2 ** 18, 2 ** 27, 2 ** 36 + 5),
    // Into the interrupt range, or shortly before it.
    fc.integer({ min: INTERRUPT_RANGE - 2048, max: INTERRUPT_RANGE_END }),
  ),
  offset: fc.nat(2047),
  pages: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(511, 512, 513, 1024)),
  // Not 6: leaves of the series are readable whatever the area says, which is a finding of its own.
  prot: fc.constantFrom(5, 7),
});

/** An iommufd; `skip` are unused ids before it, devices come from a step. */
const iommufd = fc.record({
  skip: fc.nat(3),
  agaw: fc.integer({ min: 1, max: 3 }),
  devices: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
  ioases: fc.array(
    fc.record({ blocks: fc.integer({ min: 1, max: 4 }), areas: fc.array(area, { maxLength: 4 }) }),
    { maxLength: 3 },
  ),
});

/**
 * Any plan of a dump of the 2024 series, small enough to be laid out in milliseconds.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { rfcPlanArbitrary } from 'kho-toolkit/arbitraries';
 *
 * console.log(fc.sample(rfcPlanArbitrary(), 1)[0]?.abi); //=> rfc-2024
 * ```
 */
export function rfcPlanArbitrary(): fc.Arbitrary<RfcPlan> {
  return fc
    .record({
      key: layoutKey(),
      fragmentation: disorder(),
      handles: fc.boolean(),
      iommufds: fc.array(iommufd, { maxLength: 3 }),
      spareFiles: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      names: fc.array(fc.stringMatching(/^[a-z ._\-é日]{0,20}$/), { maxLength: 3 }),
      freeBlocks: fc.integer({ min: 1, max: 70 }),
      largePages: fc.record({ size2M: fc.boolean(), size1G: fc.boolean() }),
      stride: fc.integer({ min: 1, max: 3 }),
      ftraceCpus: fc.nat(3),
      contextTables: fc.boolean(),
    })
    .map(({ iommufds, ...plan }) => ({
      abi: RFC,
      release: '6.11.0-rc4',
      ...plan,
      iommufds: numbered(iommufds),
    }));
}

/** Ids ascend from 1, and no device is in two domains. */
function numbered(
  iommufds: readonly (Omit<IommufdPlan, 'persistentId' | 'devices'> & {
    readonly skip: number;
    readonly devices: readonly number[];
  })[],
): IommufdPlan[] {
  let persistentId = 0;
  let device = 0;
  return iommufds.map(({ skip, devices, ...rest }, i) => {
    persistentId += i === 0 ? 1 : 1 + skip;
    return {
      persistentId,
      devices: devices.map((step) => {
        device += step;
        return { bus: device >>> 8, devfn: device & 0xff };
      }),
      ...rest,
    };
  });
}
