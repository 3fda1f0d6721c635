/** Whether two handovers are of one machine since one cold boot: scratch is handed on from kernel to kernel as it is. */
import { expect, test } from 'vitest';
import type { AddressRange, Handover } from '../../src/abi/model.js';
import { whyNotAsked } from '../../src/diff/kept/lineage.js';
import { decodeAt, linuxMemory, linuxTruth } from '../decode/linux-dumps.js';

const NAME = 'linux-7.3-live-update';
const region = (start: bigint, end: bigint): AddressRange => ({ start, end });
const REGIONS = [
  region(0x17400000n, 0x1ac00000n),
  region(0x1b800000n, 0x1b800000n),
  region(0xcc00000n, 0x17400000n),
];

function withScratch(scratch: readonly AddressRange[]): Handover {
  const [tree] = linuxTruth(NAME);
  return decodeAt(linuxMemory(NAME), tree?.pa ?? 0, { scratch });
}

test("the same regions are one machine's", () => {
  expect(whyNotAsked(withScratch(REGIONS), withScratch([...REGIONS]), {})).toBeUndefined();
});

test.each([
  ['B has one more', REGIONS, [...REGIONS, region(0x2000_0000n, 0x2400_0000n)]],
  ['A has one more', [...REGIONS, region(0x2000_0000n, 0x2400_0000n)], REGIONS],
  ['B has one fewer', REGIONS, REGIONS.slice(0, 2)],
  ['B has none', REGIONS, []],
  ['A has none', [], REGIONS],
  ['one begins elsewhere', REGIONS, [region(0x17600000n, 0x1ac00000n), ...REGIONS.slice(1)]],
  ['the last ends elsewhere', REGIONS, [...REGIONS.slice(0, 2), region(0xcc00000n, 0x17200000n)]],
  ['the same in another order', REGIONS, [...REGIONS].reverse()],
] as const)('%s: two cold boots', (_what, a, b) => {
  expect(whyNotAsked(withScratch(a), withScratch(b), {})).toMatch(/scratch regions of A and B differ/);
});
