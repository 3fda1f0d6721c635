import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstStageAttributes } from '../../src/vtd/first-stage.js';
import { secondStageAttributes, secondStageFormat } from '../../src/vtd/second-stage.js';
import { jsonOf, sizeText, tableOf } from '../../src/vtd/text/table.js';
import { pagesPerEntry } from '../../src/vtd/walk/batch.js';
import type { MappedRun } from '../../src/vtd/walk/runs.js';
import { csvOf } from './csv.js';
import { batchOf, type Row } from './rows.js';

function plainCsv(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ iova, target, count, level, access }) =>
    Array.from({ length: count }, (_, leaf) => {
      const step = pagesPerEntry(level) * leaf;
      const numbers = [iova + step, target + step, pagesPerEntry(level)];
      const texts = numbers.map((pfn) => `0x${(BigInt(pfn) << 12n).toString(16)}`);
      return `${texts.join(',')},${['-', 'r', 'w', 'rw'][access]}`;
    }),
  );
  return `${['iova,pa,size,access', ...lines].join('\n')}\n`;
}

const row: fc.Arbitrary<Row> = fc
  .record({
    iova: fc.oneof(
      fc.constantFrom(0, 1, 15, 16, 2 ** 20, 2 ** 32 - 1, 2 ** 32, 2 ** 45 - 600),
      fc.integer({ min: 0, max: 2 ** 44 }),
    ),
    target: fc.oneof(
      fc.constantFrom(0, 0xfffff, 2 ** 32 - 1, 2 ** 40 - 600),
      fc.integer({ min: 0, max: 2 ** 39 }),
    ),
    count: fc.integer({ min: 1, max: 512 }),
    level: fc.integer({ min: 1, max: 3 }),
    access: fc.integer({ min: 0, max: 3 }),
  })
  // Targets are aligned to the size of the page.
  .map((one) => ({ ...one, target: one.target - (one.target % pagesPerEntry(one.level)) }));

describe('csv', () => {
  it('has one exact line a leaf, in chunks of about 64 KiB', () => {
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 20 }), { maxLength: 4 }), (batches) => {
        const chunks = [...csvOf(batches.map((rows) => batchOf(rows, secondStageFormat())))];
        expect(chunks.join('')).toBe(plainCsv(batches.flat()));
        for (const chunk of chunks.slice(0, -1)) {
          expect(chunk.length).toBeGreaterThan(60000);
          expect(chunk.length).toBeLessThan(70000);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const run: MappedRun = {
  iova: 1,
  target: 0x1c9ef,
  pages: 513,
  leaves: 513,
  level: 1,
  access: 1,
  lo: 0,
  hi: 0,
};

describe('tables for people', () => {
  it.each([
    [1, '4 KiB'],
    [256, '1 MiB'],
    [257, '1028 KiB'],
    [2 ** 18, '1 GiB'],
    [2 ** 28, '1 TiB'],
    [2 ** 48, '1 EiB'],
    [0, '0 KiB'],
  ])('%d pages are %s', (pages, text) => {
    expect(sizeText(pages)).toBe(text);
  });

  it('align', () => {
    const large = { ...run, iova: 2 ** 18, target: 0, pages: 1024, leaves: 2, level: 2, access: 3 };
    const mixed = { ...large, level: 0 };
    const text = [...tableOf([run, large, mixed], ({ level }) => (level === 2 ? 'snoop' : ''))].join('');
    expect(text.split('\n')).toEqual([
      'IOVA               END                PHYSICAL                 SIZE  LEAVES             ACCESS',
      '0x1000             0x202000           0x1c9ef000           2052 KiB  513 x 4 KiB        r',
      '0x40000000         0x40400000         0x0                     4 MiB  2 x 2 MiB          rw snoop',
      '0x40000000         0x40400000         0x0                     4 MiB  2 x mixed          rw',
      '',
    ]);
  });
});

describe('json rows', () => {
  it('parse', () => {
    const runs = [run, { ...run, level: 0, access: 2 }];
    expect(JSON.parse(`[${[...jsonOf(runs)].join('')}]`)).toEqual([
      {
        iova: '0x1000',
        iovaEnd: '0x202000',
        address: '0x1c9ef000',
        pageSize: 4096,
        leaves: 513,
        access: 'r',
      },
      { iova: '0x1000', iovaEnd: '0x202000', address: '0x1c9ef000', leaves: 513, access: 'w' },
    ]);
    expect([...jsonOf([])]).toEqual([]);
    const snooping = { ...run, lo: 0x1c9ef801 };
    expect(JSON.parse([...jsonOf([snooping], secondStageAttributes)].join(''))).toMatchObject({
      attributes: 'snoop',
    });
    expect(secondStageAttributes(run)).toBe('');
    expect([firstStageAttributes({ lo: 0x67 }), firstStageAttributes({ lo: 0x63 })]).toEqual([
      '',
      'supervisor',
    ]);
  });

  it('come in chunks', () => {
    const many = function* () {
      for (let i = 0; i < 5000; i++) yield { ...run, iova: i * 1000 };
    };
    const chunks = [...jsonOf(many())];
    expect(chunks.length).toBeGreaterThan(5);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(70000);
    expect(JSON.parse(`[${chunks.join('')}]`)).toHaveLength(5000);
  });
});
