/** Span comparison against a comparison position by position; pairing; and how both grow. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entity } from '../../src/diff/entity.js';
import { pairs } from '../../src/diff/pairs.js';
import type { Span } from '../../src/diff/span.js';
import { spanColumns } from '../../src/diff/span-columns.js';
import { diffSpans as diffColumns } from '../../src/diff/spans.js';
import { expectLinear } from '../processor-time.js';

/** Spans as they come, in batches of a few. */
function diffSpans(a: Generator<Span, boolean>, b: Generator<Span, boolean>) {
  return diffColumns(spanColumns(a, 3), spanColumns(b, 5));
}

/** What is at each position: nothing, unknown, or a file's byte. */
type Cell = undefined | '?' | string;

const LENGTH = 24;
const cells: fc.Arbitrary<Cell[]> = fc
  .array(fc.constantFrom<Cell>(undefined, '?', 'a', 'b', 'moving'), { minLength: LENGTH, maxLength: LENGTH })
  .map((list) => list.map((cell, i) => (cell === 'moving' ? `moving ${i}` : cell)));

/** Cells as spans: cut where `cut` says, or where they change. */
function* spansOf(list: readonly Cell[], cut: readonly boolean[], whole = true): Generator<Span, boolean> {
  let from = 0;
  for (let i = 1; i <= list.length; i++) {
    const [before, after] = [list[i - 1], list[i]];
    const moving = before?.startsWith('moving') === true && after === `moving ${i}`;
    if (i < list.length && !cut[i] && (before === after || moving)) continue;
    const first = list[from];
    if (first !== undefined) {
      const aspects =
        first === '?'
          ? undefined
          : first.startsWith('moving')
            ? [{ name: 'target', of: 'moving', at: from }]
            : [{ name: 'target', of: first }];
      yield { start: from, end: i, aspects };
    }
    from = i;
  }
  return whole;
}

const cuts = fc.array(fc.boolean(), { minLength: LENGTH, maxLength: LENGTH });

describe('spans', () => {
  test('differ where their positions differ, however they are cut', () => {
    fc.assert(
      fc.property(cells, cells, cuts, cuts, (a, b, cutA, cutB) => {
        const found = new Array<string | undefined>(LENGTH).fill(undefined);
        for (const piece of diffSpans(spansOf(a, cutA), spansOf(b, cutB))) {
          const range = 'unknown' in piece ? piece.range : piece;
          for (let i = range?.start ?? 0; i < (range?.end ?? 0); i++) {
            expect(found[i]).toBeUndefined();
            found[i] = 'unknown' in piece ? `unknown ${piece.unknown}` : 'differs';
          }
        }
        const wanted = a.map((cell, i) => {
          if (cell === '?' || b[i] === '?') {
            return `unknown ${cell === b[i] ? 'both' : cell === '?' ? 'a' : 'b'}`;
          }
          return cell === b[i] ? undefined : 'differs';
        });
        expect(found).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  test('that differ in the same way are one difference', () => {
    const many = Array.from({ length: LENGTH }, (_, i) => `moving ${i}`);
    const everywhere = new Array<boolean>(LENGTH).fill(true);
    const none = new Array<Cell>(LENGTH).fill(undefined);
    expect([...diffSpans(spansOf(many, everywhere), spansOf(none, everywhere))]).toMatchObject([
      { start: 0, end: LENGTH, a: [{ of: 'moving', at: 0 }] },
    ]);
    const other = many.map(() => 'a');
    expect([...diffSpans(spansOf(many, everywhere), spansOf(other, []))]).toHaveLength(1);
  });

  test('of a list that breaks off say nothing of the rest', () => {
    const long = new Array<Cell>(LENGTH).fill('a');
    const short = long.map((cell, i) => (i < 3 ? cell : undefined));
    expect([...diffSpans(spansOf(short, [], false), spansOf(long, []))]).toEqual([{ unknown: 'a' }]);
    expect([...diffSpans(spansOf(short, [], false), spansOf(short, [], false))]).toEqual([
      { unknown: 'both' },
    ]);
    expect([...diffSpans(spansOf(long, []), spansOf(short, []))]).toMatchObject([{ start: 3, end: LENGTH }]);
  });

  test('out of order are equal to themselves', () => {
    const span = fc.record({ start: fc.nat(50), length: fc.nat(9), of: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(fc.array(span), (list) => {
        function* draw(): Generator<Span, boolean> {
          for (const { start, length, of } of list)
            yield { start, end: start + length, aspects: [{ name: 'x', of }] };
          return true;
        }
        expect([...diffSpans(draw(), draw())]).toEqual([]);
      }),
    );
  });

  test('take time in proportion to their number', () => {
    function* fragments(count: number, by: number): Generator<Span, boolean> {
      for (let i = 0; i < count; i++) {
        yield { start: i * 8192, end: i * 8192 + 4096, aspects: [{ name: 'address', of: '', at: i * by }] };
      }
      return true;
    }
    expectLinear((count) => {
      let pieces = 0;
      for (const _ of diffSpans(fragments(count, 4096), fragments(count, 8192))) pieces++;
      expect(pieces).toBe(count - 1);
    }, 20_000);
  });
});

describe('pairs', () => {
  const entity = (key: string, index = 0): Entity => ({ place: { part: 'luo', index }, key, fields: [] });

  test('of equal identities meet in order; what is over is alone', () => {
    const keys = fc.array(fc.constantFrom('x', 'y', 'z'));
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const all = [...pairs(a.map(entity), b.map(entity))];
        for (const key of ['x', 'y', 'z']) {
          const own = all.filter((pair) => (pair.a ?? pair.b)?.key === key);
          const indices = (list: string[]) => list.flatMap((each, i) => (each === key ? [i] : []));
          expect(own.flatMap((pair) => pair.a?.place.index ?? [])).toEqual(indices(a));
          expect(own.flatMap((pair) => pair.b?.place.index ?? [])).toEqual(indices(b));
          expect(own.map(({ copy }) => copy)).toEqual(own.map((_, i) => i + 1));
          const both = own.filter((pair) => pair.a !== undefined && pair.b !== undefined);
          expect(both).toHaveLength(Math.min(indices(a).length, indices(b).length));
        }
      }),
    );
  });

  test('of one key take time in proportion to their number', () => {
    expectLinear((count) => {
      const same = Array.from({ length: count }, (_, i) => entity('same', i));
      expect([...pairs(same, same)]).toHaveLength(count);
    }, 4_000);
  });
});
