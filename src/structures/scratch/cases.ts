/** Dumps that break the rules on scratch, one fault each. */
import { type Case, nothing, region, V73, V73W } from '../../../test/validate/upstream-cases/case.js';
import { patch } from '../../../test/validate/upstream-patches.js';

/** Where setup_data of linux-7.3-live-update says that the scratch array is. */
const SCRATCH_ARRAY = 0x1abf0000;

export const CASES: readonly Case[] = [
  V73W('KHO-121', 'half a region', nothing, { boot: { scratchSize: 40n } }),
  V73W('KHO-128', 'two regions of three', nothing, { boot: { scratchSize: 32n } }),
  V73W('KHO-128', 'an entry of zeros', () => patch(SCRATCH_ARRAY + 48, new Uint8Array(16)), {
    boot: { scratchSize: 64n },
  }),
  V73('KHO-125', 'a scratch array of 1 MiB', nothing, { boot: { scratchSize: 1n << 20n } }),
  V73('KHO-122', 'empty regions only', nothing, { options: { scratch: [region(0, 0), region(4096, 4096)] } }),
  V73('KHO-123', 'beyond 2^52', nothing, { options: { scratch: [region(2 ** 52, 2 ** 52 + 4096)] } }),
  V73W('KHO-123', 'half a page', nothing, { options: { scratch: [region(0x17400000, 0x17400800)] } }),
  V73W('KHO-190', 'begins at 4 KiB', nothing, { options: { scratch: [region(0x17401000, 0x17800000)] } }),
  V73W('KHO-190', 'ends at 64 KiB', nothing, { options: { scratch: [region(0x17400000, 0x17410000)] } }),
  V73W('KHO-124', 'two that overlap', nothing, {
    options: { scratch: [region(0x17400000, 0x17800000), region(0x17600000, 0x17a00000)] },
  }),
  V73('KHO-126', 'around a preserved page', nothing, { options: { scratch: [region(0x400000, 0x500000)] } }),
  V73('KHO-127', 'around the map', nothing, { options: { scratch: [region(0x4ed000, 0x4ee000)] } }),
];
