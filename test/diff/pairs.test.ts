/** Things of two lists, paired by key: the n-th of several equal ones with the n-th. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entity } from '../../src/diff/entity.js';
import { type Pair, pairs } from '../../src/diff/pairs.js';

interface Item extends Entity {
  readonly number: number;
}

const items = (keys: readonly string[]): Item[] =>
  keys.map((key, number) => ({ place: { part: 'tree' }, key, fields: [], number }));

const told = ({ a, b, copy }: Pair): unknown => [(a as Item)?.number, (b as Item)?.number, copy];

/** As it is defined: each of `a` with the one of `b` that is as many-th of its key, then what is left of `b`. */
function expected(a: readonly string[], b: readonly string[]): unknown[] {
  const nth = (list: readonly string[], at: number): number =>
    list.slice(0, at).filter((key) => key === list[at]).length;
  const met = new Set<number>();
  const first = a.map((key, i) => {
    const copy = nth(a, i);
    const other = b.findIndex((each, j) => each === key && nth(b, j) === copy);
    if (other >= 0) met.add(other);
    return [i, other < 0 ? undefined : other, copy + 1];
  });
  const keys = [...new Set(b)];
  const rest = b
    .map((key, j) => [undefined, j, nth(b, j) + 1, keys.indexOf(key)] as const)
    .filter(([, j]) => !met.has(j))
    .map(([none, j, copy]) => [none, j, copy]);
  return [...first, ...rest];
}

const byNumber = (list: unknown[]): unknown[] =>
  list.map((each) => JSON.stringify(each)).sort((a, b) => (a < b ? -1 : 1));

test('any two lists', () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(keys, keys, keys, (same, more, other) => {
      for (const [a, b] of [
        [more, other],
        [
          [...same, ...more],
          [...same, ...other],
        ],
      ] as const) {
        const found = [...pairs(items(a), items(b))].map(told);
        expect(byNumber(found)).toEqual(byNumber(expected(a, b)));
        // In the order of `a`, then what only `b` has.
        const order = found.map((each) => (each as number[])[0]);
        expect(order.slice(0, a.length)).toEqual(a.map((_, i) => i));
      }
    }),
  );
});

test('lists that go together are not held', () => {
  let ahead = 0;
  function* drawn(): Generator<Item> {
    for (const item of items(Array.from({ length: 1000 }, (_, i) => `${i}`))) {
      ahead++;
      yield item;
    }
  }
  for (const { a } of pairs(items(Array.from({ length: 1000 }, (_, i) => `${i}`)), drawn()))
    expect(ahead).toBe((a as Item).number + 1);
});
