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
