import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageSet, pageSetOfFrames } from '../../src/memory/page-set.js';

const PAGE = 4096;
const range = fc
  .tuple(fc.nat(40 * PAGE), fc.nat(5 * PAGE))
  .map(([start, length]) => ({ start, end: start + length }));
const ranges = fc.array(range, { maxLength: 15 });

function naive(list: readonly { start: number; end: number }[]): Set<number> {
  const pages = new Set<number>();
  for (const { start, end } of list) {
    for (let pfn = Math.floor(start / PAGE); pfn * PAGE < end && start < end; pfn++) pages.add(pfn);
  }
  return pages;
}

test('answers what a naive set of page frame numbers answers', () => {
  fc.assert(
    fc.property(ranges, range, fc.boolean(), (list, asked, wide) => {
      const pages = naive(list);
      const set = pageSet(
        wide ? list.map(({ start, end }) => ({ start: BigInt(start), end: BigInt(end) })) : list,
        PAGE,
      );
      expect(set.countPages()).toBe(pages.size);
      for (let pfn = 0; pfn < 50; pfn++) expect(set.contains(pfn)).toBe(pages.has(pfn));
      const runs = [...set.runs()];
      expect(runs).toHaveLength(set.runCount);
      expect(
        runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)),
      ).toEqual([...pages].sort((a, b) => a - b));
      for (let i = 1; i < runs.length; i++) expect(runs[i]?.start).toBeGreaterThan(runs[i - 1]?.end ?? 0);

      const missing = [...set.uncovered(asked.start, asked.end)];
      expect(set.covers(asked.start, asked.end)).toBe(missing.length === 0);
      expect(set.covers(BigInt(asked.start), BigInt(asked.end))).toBe(missing.length === 0);
      const missed = new Set<number>();
      for (const { start, end } of missing) for (let at = start; at < end; at++) missed.add(Number(at));
      for (let at = asked.start; at < asked.end; at += 511)
        expect(missed.has(at)).toBe(!pages.has(Math.floor(at / PAGE)));
      if (asked.start < asked.end) {
        expect(missed.has(asked.end - 1)).toBe(!pages.has(Math.floor((asked.end - 1) / PAGE)));
        expect(missed.has(asked.end)).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});

test('the union holds the pages of both', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const union = pageSet(a, PAGE).union(pageSet(b, PAGE));
      expect([...union.runs()]).toEqual([...pageSet([...a, ...b], PAGE).runs()]);
    }),
    { numRuns: 300 },
  );
  expect(() => pageSet([], 4096).union(pageSet([], 16384))).toThrow(/4096 and 16384/);
});

describe('u64 addresses stay exact', () => {
  const set = pageSet(
    [
      { start: 2n ** 64n - 4096n, end: 2n ** 64n },
      { start: 2n ** 63n, end: 2n ** 63n + 1n },
      { start: 2n ** 53n + 4097n, end: 2n ** 53n + 4098n },
    ],
    PAGE,
  );

  test('page frame numbers', () => {
    expect([...set.runs()]).toEqual([
      { start: 2 ** 41 + 1, end: 2 ** 41 + 2 },
      { start: 2 ** 51, end: 2 ** 51 + 1 },
      { start: 2 ** 52 - 1, end: 2 ** 52 },
    ]);
  });

  test('byte ranges', () => {
    expect(set.covers(2n ** 64n - 1n, 2n ** 64n)).toBe(true);
    expect(set.covers(2n ** 53n + 4095n, 2n ** 53n + 4097n)).toBe(false);
    expect([...set.uncovered(2n ** 53n + 4095n, 2n ** 53n + 8193n)]).toEqual([
      { start: 2n ** 53n + 4095n, end: 2n ** 53n + 4096n },
      { start: 2n ** 53n + 8192n, end: 2n ** 53n + 8193n },
    ]);
  });
});

test('frames, reversed and empty ranges, other page sizes', () => {
  expect([
    ...pageSetOfFrames(
      [
        { start: 9, end: 12 },
        { start: 3, end: 9 },
        { start: 30, end: 20 },
      ],
      16384,
    ).runs(),
  ]).toEqual([{ start: 3, end: 12 }]);
  expect(
    pageSet(
      [
        { start: 8192, end: 4096 },
        { start: 5, end: 5 },
      ],
      PAGE,
    ).runCount,
  ).toBe(0);
  expect([...pageSet([{ start: 16383, end: 16385 }], 16384).runs()]).toEqual([{ start: 0, end: 2 }]);
  for (const size of [0, 2048, 5000, Number.NaN, -4096]) expect(() => pageSet([], size)).toThrow(RangeError);
  expect(pageSet([], PAGE).covers(10, 10)).toBe(true);
  expect(pageSet([], PAGE).covers(10, 11)).toBe(false);
  expect(pageSet([], PAGE).contains(0)).toBe(false);
});

test('adjacent pages given one by one take one run, whatever their number', () => {
  function* pages() {
    for (let pfn = 0; pfn < 1_000_000; pfn++) yield { start: pfn * PAGE, end: (pfn + 1) * PAGE };
  }
  const set = pageSet(pages(), PAGE);
  expect(set.runCount).toBe(1);
  expect(set.countPages()).toBe(1_000_000);
});
