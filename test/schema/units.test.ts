import { expect, test } from 'vitest';
import { flags, hex, pciAddress, size } from '../../src/schema/units.js';

test('addresses in lower-case hex, exact at any width', () => {
  expect(hex(0x100031000)).toBe('0x100031000');
  expect(hex(2n ** 64n - 1n)).toBe('0xffffffffffffffff');
  expect(hex(-1)).toBe('-0x1');
});

test.each([
  [0n, '0 B'],
  [40n, '40 B'],
  [1023n, '1023 B'],
  [4096n, '4 KiB'],
  [4096n * 1056n, '4224 KiB'],
  [0x200000n, '2 MiB'],
  [0xc0000000n, '3 GiB'],
  [0x8000fffn, '~128.0 MiB'],
  [2n ** 64n - 1n, '~15.9 EiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test('devices as lspci prints them', () => {
  expect(pciAddress(0x3b, 0x08)).toBe('3b:01.0');
  expect(pciAddress(0xff, 0xff)).toBe('ff:1f.7');
});

test('flags by name, what has no name as a number', () => {
  const names = new Map([
    [1, 'read'],
    [2, 'write'],
  ]);
  expect(flags(3, names)).toBe('read|write');
  expect(flags(0, names)).toBe('0');
  expect(flags(-2147483646, names)).toBe('write|0x80000000');
});
