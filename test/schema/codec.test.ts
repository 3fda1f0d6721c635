import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBits, readWideBits, writeBits, writeWideBits } from '../../src/schema/codec.js';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

function viewOf(value: bigint): DataView {
  const view = new DataView(new ArrayBuffer(10));
  view.setUint8(0, 0xa5);
  view.setBigUint64(1, value, true);
  view.setUint8(9, 0x5a);
  return view;
}

describe('bit fields', () => {
  it('agree with shifts of the whole word', () => {
    fc.assert(
      fc.property(word, fc.nat(63), fc.integer({ min: 1, max: 64 }), (value, bit, wanted) => {
        const width = Math.min(wanted, 64 - bit);
        const expected = BigInt.asUintN(width, value >> BigInt(bit));
        const view = viewOf(value);
        const found = width > 32 ? readWideBits(view, 1, bit, width) : BigInt(readBits(view, 1, bit, width));
        expect(found).toBe(expected);
      }),
    );
  });

  it('change their own bits and no others', () => {
    fc.assert(
      fc.property(word, word, fc.nat(63), fc.integer({ min: 1, max: 64 }), (before, content, bit, wanted) => {
        const width = Math.min(wanted, 64 - bit);
        const field = BigInt.asUintN(width, content);
        const view = viewOf(before);
        if (width > 32) writeWideBits(view, 1, bit, width, field, 'x');
        else writeBits(view, 1, bit, width, Number(field), 'x');
        const mask = ((1n << BigInt(width)) - 1n) << BigInt(bit);
        expect(view.getBigUint64(1, true)).toBe((before & ~mask) | (field << BigInt(bit)));
        expect([view.getUint8(0), view.getUint8(9)]).toEqual([0xa5, 0x5a]);
      }),
    );
  });

  it('refuse values that do not fit', () => {
    const view = viewOf(0n);
    for (const value of [8, -1, 0.5, Number.NaN])
      expect(() => writeBits(view, 1, 0, 3, value, 'a.b')).toThrow('a.b');
    expect(() => writeWideBits(view, 1, 0, 33, 2n ** 33n, 'a.b')).toThrow('a.b: 8589934592');
    expect(() => writeWideBits(view, 1, 0, 33, -1n, 'a.b')).toThrow(RangeError);
    expect(view.getBigUint64(1, true)).toBe(0n);
  });
});
