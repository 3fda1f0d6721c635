import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPageLog } from '../../src/vtd/rules/page-log.js';

const PAGE = 4096;
const added = fc.record({
  page: fc.nat(30),
  kind: fc.integer({ min: 1, max: 3 }),
  owner: fc.integer({ min: -1, max: 1 }),
  pages: fc.integer({ min: 1, max: 5 }),
});

test('tells of every page what a list of single pages tells', () => {
  fc.assert(
    fc.property(
      fc.array(added, { maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (list, limit, choosy) => {
        const log = createPageLog();
        const single = list.flatMap(({ page, kind, owner, pages }) =>
          Array.from({ length: pages }, (_, i) => ({ address: (page + i) * PAGE, kind, owner })),
        );
        for (const { address, kind, owner } of single) log.add(address, kind, owner);

        const told = [...log.entries()].flatMap(({ start, end, kind, owner }) =>
          Array.from({ length: (end - start) / PAGE }, (_, i) => ({
            address: start + i * PAGE,
            kind,
            owner,
          })),
        );
        expect(told).toEqual(single);
        expect(log.set().countPages()).toBe(new Set(single.map(({ address }) => address)).size);

        const uses = new Map<number, typeof single>();
        for (const use of single) uses.set(use.address, [...(uses.get(use.address) ?? []), use]);
        const matters = (owner: number) => !choosy || owner === 1;
        const twice = [...uses]
          .filter(([, all]) => all.length > 1 && all.some(({ owner }) => matters(owner)))
          .sort(([a], [b]) => a - b);
        expect(log.repeated(limit, matters)).toEqual(
          twice.slice(0, limit).map(([address, all]) => ({
            address,
            kinds: all.slice(0, limit).map(({ kind }) => kind),
            owners: all.slice(0, limit).map(({ owner }) => owner),
          })),
        );
      },
    ),
    { numRuns: 1000 },
  );
});
