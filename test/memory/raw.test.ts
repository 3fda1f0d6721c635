import { expect, test } from 'vitest';
import { bytesAccess } from '../../src/memory/random-access.js';
import { rawMemory } from '../../src/memory/raw.js';
import { counting } from './elf/builder.js';
import { byteMap, expectSameMemory } from './model.js';

test('a raw image is present from its base to its end', () => {
  const bytes = counting(3, 50);
  const memory = rawMemory(bytesAccess(bytes), 1000);
  expectSameMemory(memory, byteMap([{ address: 1000, bytes }]), 990, 1060);
  expect([...memory.known()]).toEqual([{ start: 1000, end: 1050, state: 'present', fileOffset: 0 }]);
});

test('at the end of physical memory, and not beyond', () => {
  const file = bytesAccess(counting(0, 16));
  expect(rawMemory(file, 2 ** 52 - 16).read(2 ** 52 - 1, 1, new Uint8Array(1))).toBe(1);
  for (const base of [2 ** 52 - 15, -1, 0.5, Number.NaN])
    expect(() => rawMemory(file, base)).toThrow(RangeError);
});
