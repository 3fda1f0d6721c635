/** Models that claim more than a map can have: refused before anything is made for it. */
import { expect, test } from 'vitest';
import { encodeElf } from '../../src/encode/elf.js';
import { within } from '../processor-time.js';

const SECOND = 1000;
const model = (preserved: unknown) => ({ kind: 'handover', generation: 'kho-v4', pageSize: 4096, preserved });

test.each([
  [
    'of one entry',
    [{ address: '0x100000000', order: 0, count: 2 ** 30 }],
    /count: more than 536870912 blocks/,
  ],
  [
    'together',
    Array.from({ length: 8 }, (_, i) => ({
      address: `0x${(i + 1).toString(16)}00000000000`,
      order: 0,
      count: 2 ** 29,
    })),
    /map takes more than 64 MiB/,
  ],
  [
    'here and there',
    Array.from({ length: 20_000 }, (_, i) => ({ address: `0x${(i + 1).toString(16)}00000000`, order: 0 })),
    /map takes more than 64 MiB/,
  ],
])('blocks %s', (_, pages, why) => {
  within(5 * SECOND, () => expect(() => encodeElf(model({ pages }))).toThrow(why));
});

test('ranges of a whole machine are few blocks', () => {
  const ranges = [{ start: '0x100000000', end: '0x200100000000' }];
  const { size } = within(5 * SECOND, () => {
    const { chunks } = encodeElf(model({ ranges }));
    let size = 0;
    for (const chunk of chunks) size += chunk.length;
    return { size };
  });
  expect(size).toBeLessThan(16 << 20);
});

test('the same ranges again and again', () => {
  const ranges = Array.from({ length: 1000 }, () => ({ start: '0x1000', end: '0x3fffffff0000' }));
  within(5 * SECOND, () => expect(() => encodeElf(model({ ranges }))).toThrow(/overlap, again and again/));
});

test.each([
  ['of one file', 1, 2 ** 26],
  ['together', 64, 2 ** 18],
])('lists of folios that a few words stand for, %s', (_, count, entries) => {
  const memfd = { folios: [{ pfn: '0x1000', flags: 3, index: '0x0', count: entries }] };
  const file = { compatible: 'memfd-v2', token: '0x1', data: '0x0', memfd };
  const luo = { sessions: [{ name: 's', files: Array.from({ length: count }, () => file) }] };
  const document = { ...model(undefined), luo };
  within(5 * SECOND, () =>
    expect(() => encodeElf(document, undefined, 2 ** 22)).toThrow(/memfd.*more than 4 MiB.*--budget/),
  );
});
