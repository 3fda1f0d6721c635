/** Bars: fewer of them say less, and never anything wrong; as data they come back as they were. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bars, createBars, fewer, SEVERAL } from '../../../src/report/page/bars.js';
import { barsData, readBars, scriptJson } from '../../../src/report/page/data.js';

interface Run {
  readonly start: number;
  readonly end: number;
  readonly owner: number;
}

/** Ascending runs with gaps between them. */
const runs = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 3 }),
    ),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  .map((list) => {
    let at = 0;
    return list.map(([gap, length, owner]): Run => {
      const start = at + gap;
      at = start + length;
      return { start, end: at, owner };
    });
  });

function barsOf(list: readonly Run[], limit: number, held?: number): Bars {
  const bars = createBars(held);
  for (const { start, end, owner } of list) bars.add(start, end, owner);
  return bars.finish(limit);
}

const sum = (values: Float64Array, length: number): number =>
  values.subarray(0, length).reduce((total, value) => total + value, 0);

describe('fewer bars', () => {
  test('no run is lost, no page counted twice, and there are no more than asked for', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 60 }), fc.boolean(), (list, limit, small) => {
        const bars = barsOf(list, limit, small ? 16 : undefined);
        expect(bars.length).toBeLessThanOrEqual(limit);
        expect(sum(bars.covered, bars.length)).toBe(
          list.reduce((total, { start, end }) => total + end - start, 0),
        );
        expect(sum(bars.counts, bars.length)).toBe(list.length);
        for (const { start, end, owner } of list) {
          const i = bars.starts.subarray(0, bars.length).findLastIndex((first) => first <= start);
          expect(bars.ends[i]).toBeGreaterThanOrEqual(end);
          expect([owner, SEVERAL]).toContain(bars.owners[i]);
        }
      }),
    );
  });

  test('a regular pattern is divided evenly', () => {
    const bars = createBars();
    for (let i = 0; i < 100_000; i++) bars.add(2 * i, 2 * i + 1, 0);
    const few = fewer(bars.finish(100_000), 100);
    expect(few.length).toBe(100);
    const counts = [...few.counts.subarray(0, 100)];
    expect(Math.max(...counts)).toBeLessThanOrEqual(3 * Math.min(...counts));
  });

  test('runs in any order, and runs that go on in their file, are put together', () => {
    const bars = createBars();
    bars.add(20, 30, 1, 5);
    bars.add(30, 40, 1, 15);
    bars.add(0, 10, 1, 100);
    const { length, starts, ends, positions } = bars.finish(10);
    expect([...starts.subarray(0, length)]).toEqual([0, 20]);
    expect([...ends.subarray(0, length)]).toEqual([10, 40]);
    expect([...positions.subarray(0, length)]).toEqual([100, 5]);
  });
});

test('as data bars come back as they were', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 60 }), (list, limit) => {
      const bars = barsOf(list, limit);
      const back = readBars(JSON.parse(JSON.stringify(barsData(bars))));
      expect(back.length).toBe(bars.length);
      for (const key of ['starts', 'ends', 'covered', 'counts', 'owners'] as const)
        expect([...back[key]]).toEqual([...bars[key].subarray(0, bars.length)]);
    }),
  );
});

test('JSON in a script element cannot end it', () => {
  const text = '</script><!-- <script>';
  expect(scriptJson(JSON.stringify(text))).not.toContain('<');
  expect(JSON.parse(scriptJson(JSON.stringify(text)))).toBe(text);
});
