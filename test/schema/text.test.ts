import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, bytesToText, hexToBytes, textToBytes } from '../../src/schema/text.js';

describe('text of byte fields', () => {
  it('tells what the text leaves out', () => {
    const bytes = (text: string): Uint8Array => hexToBytes(text) ?? new Uint8Array();
    expect(bytesToText(bytes('766d3000'))).toEqual({ text: 'vm0', terminated: true, exact: true });
    expect(bytesToText(bytes('766d30'))).toEqual({ text: 'vm0', terminated: false, exact: true });
    expect(bytesToText(bytes('766d300041'))).toEqual({ text: 'vm0', terminated: true, exact: false });
    expect(bytesToText(bytes('ff00'))).toEqual({ text: '\ufffd', terminated: true, exact: false });
    expect(bytesToText(bytes('efbbbf4100'))).toEqual({ text: '\ufeffA', terminated: true, exact: true });
    expect(bytesToText(new Uint8Array())).toEqual({ text: '', terminated: false, exact: true });
  });

  it('gives back exactly the bytes that it calls exact', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        const { text, terminated, exact } = bytesToText(bytes);
        if (exact && terminated) expect(textToBytes(text, bytes.length)).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0'));
        const size = new TextEncoder().encode(text).length + 1;
        expect(bytesToText(textToBytes(text, size))).toEqual({ text, terminated: true, exact: true });
        expect(() => textToBytes(text, size - 1)).toThrow(RangeError);
      }),
    );
    expect(() => textToBytes('a\0b', 10)).toThrow(RangeError);
  });

  it('hexadecimal digits, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
      }),
    );
    expect(bytesToHex(Uint8Array.of(0, 1, 0xab, 255))).toBe('0001abff');
    expect([hexToBytes('0'), hexToBytes('0g'), hexToBytes('0x'), hexToBytes(' 1')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
