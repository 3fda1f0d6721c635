import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import { sweep } from '../sweep.js';
import { arbitraryOf, readRecord, sizeOfRecord, writeRecord } from './generated.js';

const PAGE_SIZES = [64, 4096];

describe.each(recordTypes)('$name', (type) => {
  const parameterSets =
    type.parameters.length === 0 ? [[]] : PAGE_SIZES.map((size) => type.parameters.map(() => size));

  it('keeps every bit of random bytes', () => {
    for (const parameters of parameterSets) {
      const size = sizeOfRecord(type, parameters);
      if (size === undefined) continue;
      fc.assert(
        fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) => {
          const record = readRecord(type, bytes, parameters);
          expect(writeRecord(type, record ?? {}, parameters)).toEqual(bytes);
        }),
        { numRuns: size > 1000 ? 5 : sweep(100, 40) },
      );
    }
  });

  it('reads back what it writes', () => {
    for (const parameters of parameterSets) {
      fc.assert(
        fc.property(arbitraryOf(type, parameters), (value) => {
          expect(readRecord(type, writeRecord(type, value, parameters), parameters)).toEqual(value);
        }),
        { numRuns: (type.size ?? 4096) > 1000 ? 5 : sweep(100, 40) },
      );
    }
  });

  it('has a field table that covers the record without gap or overlap', () => {
    let at: number | undefined = 0;
    for (const field of type.fields) {
      expect(field.bitOffset).toBe(at);
      at = at === undefined || field.bitWidth === undefined ? undefined : at + field.bitWidth;
    }
    if (type.size !== undefined) expect(at).toBe(type.size * 8);
    expect(type.doc).not.toBe('');
    expect(type.docRef.length).toBeGreaterThan(0);
  });

  it('has a name, a kernel name and a doc for every field', () => {
    for (const field of type.fields) {
      expect([field.id, field.kernelName, field.doc].map((text) => text.length > 0)).toEqual([
        true,
        true,
        true,
      ]);
    }
    expect(new Set(type.fields.map(({ id }) => id)).size).toBe(type.fields.length);
  });
});

describe('writers', () => {
  it('name the field and the value that does not fit', () => {
    for (const type of recordTypes) {
      const { size, read, write } = type;
      if (size === undefined || read === undefined || write === undefined) continue;
      const view = new DataView(new ArrayBuffer(size));
      for (const field of type.fields) {
        if (field.kind !== 'uint' && field.kind !== 'sint') continue;
        const record = read(view, 0) as Record<string, unknown>;
        const width = field.bitWidth ?? 0;
        const large = typeof record[field.id] === 'bigint' ? 1n << BigInt(width) : 2 ** width;
        record[field.id] = large;
        expect(() => write(view, 0, record)).toThrow(RangeError);
        expect(() => write(view, 0, record)).toThrow(String(large));
        record[field.id] = typeof large === 'bigint' ? -(1n << 63n) - 1n : -(2 ** 31) - 1;
        expect(() => write(view, 0, record)).toThrow(RangeError);
      }
    }
  });

  it('refuse fractions, NaN and a number where a bigint belongs', () => {
    const type = recordTypes.find(({ name }) => name === 'setup_data');
    const view = new DataView(new ArrayBuffer(16));
    const value = { next: 0n, type: 1, len: 2 };
    for (const bad of [{ type: 1.5 }, { len: Number.NaN }, { next: 5 }]) {
      expect(() => type?.write?.(view, 0, { ...value, ...bad })).toThrow(RangeError);
    }
  });
});
