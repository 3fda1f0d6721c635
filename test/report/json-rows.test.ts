/** Rows in columns are written as the same rows as objects are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockBits } from '../../src/decode/upstream/block-bits.js';
import { jsonBytes, jsonChunks } from '../../src/report/json-chunks.js';
import { type JsonColumn, jsonRows } from '../../src/report/json-rows.js';
import { preservedJson } from '../../src/report/upstream-json.js';
import { folioRows } from '../../src/report/upstream-rows.js';
import { hex } from '../../src/schema/units.js';
import { folioViewOf } from '../folio-view.js';

const text = (value: unknown, indent: number): string => [...jsonChunks(value, indent)].join('');

function bytesText(value: unknown, indent: number): string {
  const decoder = new TextDecoder();
  let all = '';
  for (const chunk of jsonBytes(value, indent)) all += decoder.decode(chunk, { stream: true });
  return all;
}

const COLUMNS: readonly JsonColumn[] = [
  { key: 'address', as: 'hex' },
  { key: 'count\u2028', as: 'number', unless: 1 },
  { key: 'position', as: 'hex', unless: Number.NaN },
  { key: 'words', as: 'hex' },
];

const integer = fc.oneof(
  fc.nat(20),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.nat(63).map((bit) => 2 ** bit),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 64 - 2048, 2 ** 64, 9, 10, 99, 100, 1e15),
);
const row = fc.record({
  address: integer,
  count: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  position: fc.option(integer),
  words: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

test('rows of columns read as the objects that they stand for, to the byte', () => {
  fc.assert(
    fc.property(fc.array(fc.array(row)), fc.constantFrom(0, 1, 2), (batches, indent) => {
      const rows = jsonRows(COLUMNS, () =>
        batches.map((batch) => ({
          length: batch.length,
          values: [
            Float64Array.from(batch, ({ address }) => address),
            Float64Array.from(batch, ({ count }) => count),
            Float64Array.from(batch, ({ position }) => position ?? Number.NaN),
            { words: new Uint32Array(BigUint64Array.from(batch, ({ words }) => words).buffer) },
          ],
        })),
      );
      const objects = batches.flat().map(({ address, count, position, words }) => ({
        address: BigInt(address),
        'count\u2028': count === 1 ? undefined : count,
        position: position === null ? undefined : BigInt(position),
        words,
      }));
      const wanted = text({ before: 1, rows: objects, after: ['é', 2n] }, indent);
      const given = { before: 1, rows, after: ['é', 2n] };
      expect(text(given, indent)).toBe(wanted);
      expect(bytesText(given, indent)).toBe(wanted);
      expect(text({ rows: [...rows] }, indent)).toBe(text({ rows: objects }, indent));
    }),
  );
});

test('values by themselves, and many of them', () => {
  const column = Float64Array.from({ length: 50_000 }, (_, i) => i * 4096);
  const rows = jsonRows([{ as: 'hex' }], () => [{ length: column.length, values: [column] }]);
  expect(bytesText([rows], 1)).toBe(text([Array.from(column, (value) => BigInt(value))], 1));
});

test('preserved blocks and ranges, and folios', () => {
  const blocks = fc.array(
    fc.record({ order: fc.nat(12), number: fc.nat(200), count: fc.integer({ min: 1, max: 70 }) }),
  );
  fc.assert(
    fc.property(blocks, (list) => {
      const pages = blockBits(
        list.map(({ order, number, count }) => ({
          address: BigInt(number) * (4096n << BigInt(order)),
          ...{ order, count },
        })),
        4096,
      );
      const wanted = {
        ranges: [...pages.ranges()],
        pages: [...pages.blocks()].map(({ address, order, count }) =>
          count === 1 ? { address, order } : { address, order, count },
        ),
      };
      expect(bytesText(preservedJson({ ranges: pages.ranges(), pages }), 1)).toBe(text(wanted, 1));
    }),
  );
  const runs = [
    { pfn: 2n ** 52n - 1n, flags: 0xfff, index: 2n ** 64n - 1n, count: 1, step: 1 },
    { pfn: 0n, flags: 0, index: 0n, count: 7, step: 512 },
  ];
  const wanted = runs.map(({ pfn, flags, index, count, step }) => ({
    ...{ pfn, flags: hex(flags), index },
    count: count === 1 ? undefined : count,
    step: step === 1 ? undefined : step,
  }));
  expect(text(folioRows(folioViewOf(2, () => runs)), 1)).toBe(text(wanted, 1));
});
