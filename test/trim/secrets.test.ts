/** Records that claim to be in a seed, or in a page of guest memory: refused, byte by byte. */
import { describe, expect, test } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { BOOT_PARAMS } from '../../src/records/kho.js';
import { KHO_DATA_SIZE } from '../../src/records/kho_root.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { concat, fileBytes } from '../memory/bytes.js';
import { original } from '../validate/upstream-damage.js';
import { file, type Patches, sure, u64, value } from '../validate/upstream-patches.js';
import { allBytes, countCanaries, decodeFound, planted, SECRET, trimmed } from './canary.js';

const NAME = 'linux-7.3-live-update';
const BOOT = 0x90000;
const ELEMENT = BOOT + 0x1100;
/** A page and more, so that no short limit covers it. */
const SEED = 0x1800;
const BEFORE = 0x9_8000;
const BEHIND = 0x9_c000;
const MEMFD_RECORD = 48;

function element(next: number, type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setUint32(8, type, true);
  view.setUint32(12, length, true);
  return bytes;
}

/** boot_params and its list: a seed, the element of type 10, another seed; canaries are the seeds. */
function withSeeds(patches: Patches): PhysicalMemory {
  const payload = fileBytes(`${fixtures}/${NAME}/setup_data-type10.bin`);
  const head = new Uint8Array(BOOT_PARAMS.behindSetupData);
  const view = new DataView(head.buffer);
  view.setUint16(BOOT_PARAMS.bootFlag, 0xaa55, true);
  head.set(new TextEncoder().encode('HdrS'), BOOT_PARAMS.header);
  view.setBigUint64(BOOT_PARAMS.setupData, BigInt(BEFORE), true);
  expect(payload).toHaveLength(KHO_DATA_SIZE);
  const segments = [
    { address: BOOT, bytes: head },
    { address: BEFORE, bytes: element(ELEMENT, 9, SEED) },
    { address: ELEMENT, bytes: concat(element(BEHIND, 10, payload.length), payload) },
    { address: BEHIND, bytes: element(0, 9, SEED) },
  ];
  const secret = [BEFORE, BEHIND].map((at) => [at + 16, at + 16 + SEED] as const);
  return overlay(
    segmentsMemory([...patches, ...segments], 'boot'),
    planted(linuxMemory(NAME), { secret, spare: [] }),
  );
}

describe('seeds', () => {
  const { handover } = original(NAME);

  test('the list is followed, and the seeds are there', () => {
    const memory = withSeeds([]);
    expect(decodeFound(memory).setupData?.element).toBe(BigInt(ELEMENT));
    expect(countCanaries(allBytes(memory), SECRET)).toBeGreaterThan(2 * SEED - 100);
    expect(countCanaries(trimmed(memory).bytes, SECRET)).toBe(0);
  });

  const places = [BEFORE, BEHIND].flatMap((at) =>
    [0, 0x40, 0x80, 0x1000, SEED - MEMFD_RECORD].map((offset) => [at, offset] as const),
  );
  test.each(places)('a record in the seed at %x, byte %i, stays out', (at, offset) => {
    const memory = withSeeds(u64(file(handover).address + 48n, at + 16 + offset));
    for (const wholePages of [false, true]) {
      const small = trimmed(memory, { wholePages });
      expect(small.refused).toBeGreaterThanOrEqual(MEMFD_RECORD);
      expect(countCanaries(small.bytes, SECRET)).toBe(0);
    }
  });
});

describe('pages of guest memory', () => {
  const { handover, memory: base } = original(NAME);
  const region = sure(handover.memblock?.regions?.[0], 'region');
  const path = `/${region.name}`;
  const [start, end] = [
    Number(region.start),
    Number(sure(region.start, 'start') + sure(region.size, 'size')),
  ];

  // A region of reserve_mem that begins or ends within a page: all of the page has an owner.
  test.each<[string, Patches, number]>([
    ['beyond its end', u64(value(handover, path, 'size', 'memblock'), end - start - 0x800), end - 0x400],
    [
      'before its start',
      [
        ...u64(value(handover, path, 'start', 'memblock'), start + 0x800),
        ...u64(value(handover, path, 'size', 'memblock'), end - start - 0x800),
      ],
      start + 0x400,
    ],
  ])('a record %s, in a page of which a part is told', (_what, patches, at) => {
    const secret = [[at & ~0xfff, (at & ~0xfff) + 0x1000]] as const;
    const memory = overlay(
      segmentsMemory([...patches, ...u64(file(handover).address + 48n, at)], 'patches'),
      planted(base, { secret, spare: [] }),
    );
    const small = trimmed(memory);
    expect(small.refused).toBeGreaterThanOrEqual(MEMFD_RECORD);
    expect(countCanaries(small.bytes, SECRET)).toBe(0);
  });
});
