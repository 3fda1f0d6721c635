import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { pagesPerEntry } from '../../src/vtd/walk/batch.js';
import { mergeRuns } from '../../src/vtd/walk/runs.js';
import { batchOf, type Row } from './rows.js';

const format = secondStageFormat();
const READ = 1;

function merged(rows: readonly Row[], anySize = false, with_ = format): number[][] {
  return [...mergeRuns([batchOf(rows, with_)], with_, { anySize })].map(({ iova, pages, leaves, level }) => [
    iova,
    pages,
    leaves,
    level,
  ]);
}

const first: Row = { iova: 512, target: 1024, count: 512, level: 1, access: READ, lo: 0x400001 };
const next: Row = { ...first, iova: 1024, target: 1536, lo: 0x600001 };

describe('merged runs', () => {
  it('join what continues', () => {
    expect(merged([first, next])).toEqual([[512, 1024, 1024, 1]]);
  });

  it.each([
    ['a gap in the IOVA', { iova: 1025 }],
    ['a jump of the target', { target: 2048 }],
    ['the target going back', { target: 1024 }],
    ['other permissions', { access: 3 }],
    ['the snoop bit', { lo: 0x600801 }],
  ])('end at %s', (_, change) => {
    expect(merged([first, { ...next, ...change }]).length).toBe(2);
  });

  it('do not end at bits that nothing looks at, nor at accessed and dirty', () => {
    expect(merged([first, { ...next, lo: 0x600301, hi: 0x1ff00000 }]).length).toBe(1);
  });

  it('end at a memory type only where it is in use', () => {
    const emt = { ...next, lo: 0x600031 };
    expect(merged([first, emt]).length).toBe(1);
    const used = secondStageFormat({ ...DEFAULT_SETTINGS, mode: 'scalable', emte: true });
    expect(merged([first, emt], false, used).length).toBe(2);
  });

  it('keep page sizes apart unless told otherwise', () => {
    const large: Row = { ...next, count: 2, level: 2, lo: 0x600081 };
    expect(merged([first, large])).toEqual([
      [512, 512, 512, 1],
      [1024, 1024, 2, 2],
    ]);
    expect(merged([first, large], true)).toEqual([[512, 1536, 514, 0]]);
  });

  it('are the same however the rows come in batches, and however many there are', () => {
    const step = fc.record({
      gap: fc.constantFrom(0, 0, 0, 512),
      jump: fc.constantFrom(0, 0, 2560),
      count: fc.integer({ min: 1, max: 512 }),
      level: fc.constantFrom(1, 1, 1, 2),
      access: fc.constantFrom(1, 3),
    });
    const steps = fc.array(step, { minLength: 1, maxLength: 40 });
    const repeat = fc.constantFrom(1, 7, 400);
    fc.assert(
      fc.property(
        steps,
        repeat,
        fc.integer({ min: 1, max: 4096 }),
        fc.boolean(),
        (some, times, size, anySize) => {
          const rows: Row[] = [];
          const expected: number[][] = [];
          let iova = 0;
          let target = 7 * 512;
          for (let i = 0; i < some.length * times; i++) {
            const {
              gap,
              jump,
              count: leaves,
              level,
              access,
            } = some[i % some.length] ?? some[0] ?? { gap: 0, jump: 0, count: 1, level: 1, access: 1 };
            // Large leaves are aligned.
            const count = level === 1 ? leaves * 512 : leaves;
            const joins = i > 0 && gap === 0 && jump === 0;
            iova += gap;
            target += gap + jump;
            const pages = count * pagesPerEntry(level);
            const last = expected.at(-1);
            const same = last?.[4] === access && (anySize || last?.[3] === level);
            rows.push({ iova, target, count, level, access });
            if (joins && same && last !== undefined) {
              last[1] = (last[1] ?? 0) + pages;
              last[2] = (last[2] ?? 0) + count;
              if (last[3] !== level) last[3] = 0;
            } else {
              expected.push([iova, pages, count, level, access, target]);
            }
            iova += pages;
            target += pages;
          }
          const batches: Row[][] = [];
          for (let at = 0; at < rows.length; at += size) batches.push(rows.slice(at, at + size));
          const runs = [
            ...mergeRuns(
              batches.map((rows) => batchOf(rows, format)),
              format,
              { anySize },
            ),
          ];
          expect(
            runs.map((run) => [run.iova, run.pages, run.leaves, run.level, run.access, run.target]),
          ).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keep their own target and access where one batch of runs ends and the next begins', () => {
    const rows = Array.from(
      { length: 10_000 },
      (_, i): Row => ({ iova: 2 * i, target: 7 * i + 1, count: 1, level: 1, access: i % 3 === 0 ? 3 : 1 }),
    );
    const runs = [...mergeRuns([batchOf(rows, format)], format)];
    expect(runs.map(({ iova, target, access }) => [iova, target, access])).toEqual(
      rows.map(({ iova, target, access }) => [iova, target, access]),
    );
  });
});
