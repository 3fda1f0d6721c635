/** What looks like a record, and what does not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { khoBlockHeaderSer } from '../../src/records/kho_block.js';
import { luoFileSer, luoSessionSer } from '../../src/records/luo.js';
import { memfdLuoFolioSer, memfdLuoSer } from '../../src/records/memfd.js';
import { khoVmallocHdr } from '../../src/records/vmalloc.js';
import { scalableRootEntry } from '../../src/records/vtd.js';
import { looksLike } from '../../src/schema/plausible.js';
import { countUnlike, looksLikeList } from '../../src/schema/plausible-lists.js';
import { foreignTail, looksLikeBits } from '../../src/schema/plausible-words.js';
import type { RecordType } from '../../src/schema/record.js';
import { textToBytes } from '../../src/schema/text.js';

function bytesOf<T>(record: RecordType<T>, value: T): DataView {
  const view = new DataView(new ArrayBuffer(record.size ?? 0));
  record.write?.(view, 0, value);
  return view;
}

const RECORDS: readonly RecordType<unknown>[] = [
  luoFileSer,
  luoSessionSer,
  memfdLuoSer,
  memfdLuoFolioSer,
  khoBlockHeaderSer,
  khoVmallocHdr,
] as readonly RecordType<unknown>[];

describe.each(RECORDS.map((record) => [record.name, record] as const))('%s', (_name, record) => {
  test('zeros do; letters and bytes of a pattern do not', () => {
    const size = record.size ?? 0;
    expect(looksLike(record, new DataView(new ArrayBuffer(size)), 0)).toBe(true);
    for (const pattern of ['SECRET=hunter2 ', '\u00c5\u00ae\\\u00ea']) {
      const text = new TextEncoder().encode(pattern.repeat(40)).slice(3, 3 + size);
      expect(looksLike(record, new DataView(text.buffer), 0)).toBe(false);
    }
  });
});

test('a file with one wrong field is a file', () => {
  const file = { compatible: textToBytes('memfd-v2', 48), data: 0x1234_5000n, token: 7n };
  const view = bytesOf(luoFileSer, file);
  expect(looksLike(luoFileSer, view, 0)).toBe(true);
  view.setUint8(2, 0x07);
  expect(looksLike(luoFileSer, view, 0)).toBe(true);
});

test('what a kernel writes always does', () => {
  fc.assert(
    fc.property(
      fc.record({
        pfn: fc.bigInt(0n, (1n << 40n) - 1n),
        flags: fc.constantFrom(0, 1, 2, 3),
        index: fc.bigInt(0n, (1n << 51n) - 1n),
      }),
      (folio) => looksLike(memfdLuoFolioSer, bytesOf(memfdLuoFolioSer, folio), 0),
    ),
  );
});

test('an address without its low bits has no bits inside a page', () => {
  const view = new DataView(new ArrayBuffer(16));
  // Both halves present, each with the address of a context table.
  view.setBigUint64(0, 0x1234_5001n, true);
  view.setBigUint64(8, 0x1234_6001n, true);
  expect(looksLike(scalableRootEntry, view, 0)).toBe(true);
});

test('a list may have one or two that are damaged among many', () => {
  expect([looksLikeList(0, 0), looksLikeList(1, 5), looksLikeList(2, 10)]).toEqual([true, true, true]);
  expect([looksLikeList(1, 1), looksLikeList(1, 4), looksLikeList(3, 500)]).toEqual([false, false, false]);
});

test('records that lie end to end are counted as each by itself is judged', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...RECORDS),
      fc.array(fc.constantFrom(0, 0, 0, 1, 0x61, 0xff), { minLength: 1, maxLength: 400 }),
      (record, values) => {
        const { size = 1 } = record;
        const count = 4;
        const bytes = Uint8Array.from({ length: count * size }, (_, i) => values[i % values.length] ?? 0);
        const view = new DataView(bytes.buffer);
        const words = new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
        const unlike = [0, 1, 2, 3].filter((i) => !looksLike(record, view, i * size)).length;
        expect(countUnlike(record, view, words, 0, count)).toBe(unlike);
      },
    ),
  );
});

describe('a page of bits', () => {
  const page = (word: (i: number) => bigint): DataView => {
    const view = new DataView(new ArrayBuffer(4096));
    for (let i = 0; i < 512; i++) view.setBigUint64(i * 8, word(i), true);
    return view;
  };
  const letters = (i: number): bigint =>
    [...`${(i * 7919) % 9973}-Secret`.slice(0, 8).padEnd(8, 'q')].reduce(
      (word, letter) => (word << 8n) | BigInt(letter.charCodeAt(0)),
      0n,
    );
  const pointer = (i: number): bigint => 0xffff_8880_0000_0000n + BigInt(i * 4096);

  test.each([0, 2, 8, 32, 100, 400])(
    'letters and addresses of the kernel after %i words of bits are none',
    (first) => {
      for (const foreign of [letters, pointer, (i: number) => (i % 2 === 0 ? letters(i) : pointer(i))])
        expect(looksLikeBits(page((i) => (i < first ? -1n : foreign(i))))).toBe(false);
    },
  );

  test('any other words are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 512 }),
        (words) => {
          fc.pre(!words.every((word) => word >> 47n === 0x1ffffn));
          expect(looksLikeBits(page((i) => words[i % words.length] ?? 0n))).toBe(true);
        },
      ),
    );
    // A pattern of few bytes is one of bits, even where each is a letter.
    for (const pattern of [0x5555_5555_5555_5555n, 0x3333_3333_6666_6666n, 0x2222_4444_2222_4444n])
      expect(looksLikeBits(page(() => pattern))).toBe(true);
  });

  describe('the end of a page of a tree', () => {
    test.each([15, 40, 64, 300])('%i words of its own, and others to the end', (own) => {
      for (const foreign of [letters, pointer])
        for (const kept of [(i: number) => BigInt(i * 3 + 1), () => 0x0300_0000_0800_0000n]) {
          expect(foreignTail(page((i) => (i < own ? kept(i) : foreign(i))))).toBe(own * 8);
          // What is followed by words of its own is no end.
          expect(foreignTail(page((i) => (i < own || i > 400 ? kept(i) : foreign(i))))).toBe(4096);
        }
    });

    test('names are none, however long', () => {
      fc.assert(
        fc.property(
          fc.array(fc.stringMatching(/^[a-z,-]{1,64}$/), { minLength: 1, maxLength: 60 }),
          (names) => {
            const bytes = new TextEncoder().encode(`${names.join('\0')}\0`);
            expect(foreignTail(new DataView(bytes.buffer))).toBe(bytes.length);
          },
        ),
      );
    });
  });
});
