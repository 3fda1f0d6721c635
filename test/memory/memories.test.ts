import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import { PHYSICAL_LIMIT } from '../../src/memory/physical.js';
import { firstAbsent, isKnown, physicalAddress, readBytes } from '../../src/memory/read.js';
import { blobMemory, emptyMemory, type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { expectGrowth } from '../processor-time.js';
import { sweep } from '../sweep.js';
import { counting } from './elf/builder.js';
import { byteMap, expectSameMemory } from './model.js';

const END = 64;

const segment: fc.Arbitrary<MemorySegment> = fc.oneof(
  fc.record({ address: fc.nat(END), bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({ address: fc.nat(END), zeroLength: fc.nat(12) }),
);
const segments = fc.array(segment, { maxLength: 10 });

test('segments read as the naive model says', () => {
  fc.assert(
    fc.property(segments, (list) => {
      expectSameMemory(segmentsMemory(list, 'test'), byteMap(list), 0, END + 20);
    }),
    { numRuns: sweep(300, 120) },
  );
});

test('an overlay reads as the naive model of all its layers, nearest first', () => {
  fc.assert(
    fc.property(fc.array(segments, { maxLength: 4 }), (layers) => {
      const memory = overlay(...layers.map((list) => segmentsMemory(list, 'layer')));
      expectSameMemory(memory, byteMap(layers.flat()), 0, END + 20);
    }),
    { numRuns: sweep(300, 120) },
  );
});

describe('readBytes', () => {
  const memory = overlay(blobMemory(0x2000, counting(1, 16)), blobMemory(0x2008, counting(100, 16)));

  test('gives a whole block, across layers, or nothing', () => {
    expect(readBytes(memory, 0x200en, 4)).toEqual(Uint8Array.from([15, 16, 108, 109]));
    expect(readBytes(memory, 0x2000, 0)).toEqual(new Uint8Array());
    expect(readBytes(memory, 0x2000, 25)).toBeUndefined();
    expect(readBytes(memory, 0x1fff, 2)).toBeUndefined();
  });

  test.each([2n ** 52n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, -1n])('nothing at %s', (address) => {
    expect(readBytes(memory, address, 1)).toBeUndefined();
    expect(physicalAddress(address)).toBeUndefined();
  });

  test('a length that cannot be there is refused before it is allocated', () => {
    expect(readBytes(memory, 0x2000, 2 ** 40)).toBeUndefined();
    expect(readBytes(memory, PHYSICAL_LIMIT - 1, 2)).toBeUndefined();
    expect(readBytes(memory, 0x2000, Number.NaN)).toBeUndefined();
    expect(readBytes(memory, 0x2000, -1)).toBeUndefined();
  });

  test('isKnown and firstAbsent tell where memory ends', () => {
    expect(isKnown(memory, 0x2000, 0x2018)).toBe(true);
    expect(isKnown(memory, 0x2000, 0x2019)).toBe(false);
    expect(firstAbsent(memory, 0x2000, 0x3000)).toBe(0x2018);
    expect(firstAbsent(memory, 0x2004, 0x2010)).toBeUndefined();
  });
});

test('addresses that no memory can have are absent', () => {
  const memory = blobMemory(0, counting(1, 8));
  const into = new Uint8Array(8);
  for (const address of [-1, -8, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY]) {
    expect(memory.read(address, 8, into)).toBe(0);
    expect(overlay(memory, emptyMemory()).read(address, 8, into)).toBe(0);
  }
});

test('segments outside physical memory are a programming error', () => {
  expect(() => blobMemory(-1, counting(0, 1))).toThrow(RangeError);
  expect(() => blobMemory(PHYSICAL_LIMIT, counting(0, 1))).toThrow(RangeError);
  expect(() => blobMemory(0.5, counting(0, 1))).toThrow(RangeError);
  expect(blobMemory(PHYSICAL_LIMIT - 1, counting(0, 1)).description).toBe('1 bytes at 0xfffffffffffff');
});

test('sorting out 60,000 overlapping segments takes no quadratic time', () => {
  const sort = (count: number): void => {
    const bytes = new Uint8Array(64);
    const list = Array.from({ length: count }, (_, i) => ({ address: ((i * 7919) % count) * 16, bytes }));
    expect([...segmentsMemory(list, 'test').known()].length).toBeGreaterThan(1);
  };
  expectGrowth(
    () => sort(15_000),
    () => sort(60_000),
    4,
  );
});
