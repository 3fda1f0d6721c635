import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentsMemory } from '../../src/memory/segments.js';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { MAX_CAUSES_PER_KIND } from '../../src/vtd/walk/anomaly.js';
import { mergeRuns } from '../../src/vtd/walk/runs.js';
import { SHARED_TABLE_BUDGET } from '../../src/vtd/walk/state.js';
import { translate } from '../../src/vtd/walk/translate.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { within } from '../processor-time.js';
import { leavesOf } from './leaves.js';
import { tablePage, wordsMemory } from './tables.js';
import { walkAll } from './walk-all.js';

const format = secondStageFormat({ ...DEFAULT_SETTINGS, haw: 46 });
const ONES = 0xffffffffffffffffn;

/** Runs a walk that must end at once. */
const quickly = <T>(work: () => T): T => within(3000, work);

describe('tables that no healthy kernel writes', () => {
  it('all ones: one anomaly for each cause', () => {
    const memory = wordsMemory(tablePage(0x1000, () => ONES));
    for (const levels of [2, 3, 4, 5]) {
      const report = quickly(() => walkAll({ memory, root: 0x1000, levels, format }));
      expect(report.leaves).toBe(0);
      expect(report.tables).toBe(1);
      expect(report.anomalies.length).toBeLessThanOrEqual(4);
      for (const anomaly of report.anomalies) expect(anomaly.count).toBe(512);
      const kinds = report.anomalies.map(({ kind }) => kind);
      expect(kinds).toContain('address-width');
      expect(kinds).toContain('reserved-bits');
    }
  });

  it('512 entries at each level that point back to the root: one loop', () => {
    const words = [
      ...tablePage(0x1000, (i) => (i === 0 ? 0x2003n : 0x1003n)),
      ...tablePage(0x2000, (i) => (i === 0 ? 0x3003n : 0x1003n)),
      ...tablePage(0x3000, (i) => (i === 0 ? 0x4003n : 0x1003n)),
      ...tablePage(0x4000, () => 0x1003n),
    ];
    const report = quickly(() => walkAll({ memory: wordsMemory(words), root: 0x1000, levels: 4, format }));
    expect(report.tables).toBe(4);
    expect(report.leaves).toBe(512);
    const loops = report.anomalies.filter(({ kind }) => kind === 'loop');
    expect(loops.map(({ level, count }) => [level, count])).toEqual([
      [2, 511],
      [3, 511],
      [4, 511],
    ]);
    expect(report.anomalies.length).toBe(3);
  });

  it('a root that points to itself: translate follows it as hardware does', () => {
    const memory = wordsMemory(tablePage(0x1000, () => 0x1003n));
    const { result, steps } = translate({ memory, root: 0x1000, levels: 5, format }, 0x123456789abcdn);
    expect(steps.length).toBe(5);
    expect(result).toMatchObject({ kind: 'mapped', address: 0x1bcdn });
    expect(walkAll({ memory, root: 0x1000, levels: 5, format }).anomalies).toMatchObject([
      { kind: 'loop', level: 5, table: 0x1000, iova: 0n, iovaEnd: 1n << 57n, count: 512 },
    ]);
  });

  it('a shared subtree is listed for each IOVA', () => {
    const memory = wordsMemory([
      [0x1000, 0x2003n],
      [0x1008, 0x2003n],
      [0x2000, 0x3003n],
      [0x3000, 0x70083n],
      [0x3008, 0x4003n],
      [0x4ff8, 0x55001n],
    ]);
    const walk = walkTable({ memory, root: 0x1000, levels: 4, format });
    const leaves = leavesOf(walk.batches);
    const { anomalies, tables, sharedWalks } = walk.report();
    expect(leaves.map(({ iova, target }) => [iova, target])).toEqual([
      [1023, 0x55],
      [2 ** 27 + 1023, 0x55],
    ]);
    expect([tables, sharedWalks]).toEqual([4, 3]);
    expect(anomalies).toMatchObject([
      { kind: 'misaligned-leaf', level: 2, bits: 0x70000n, count: 1 },
      { kind: 'shared-table', level: 4, table: 0x2000, entryAddress: 0x1008, iova: 1n << 39n, count: 1 },
    ]);
  });

  it('every entry of every level shared: ends with the budget, and says what it left out', () => {
    const words = [
      ...tablePage(0x1000, () => 0x2003n),
      ...tablePage(0x2000, () => 0x3003n),
      ...tablePage(0x3000, () => 0x4003n),
      ...tablePage(0x4000, (i) => BigInt(i) * 4096n + 3n),
    ];
    const request = { memory: wordsMemory(words), root: 0x1000, levels: 4, format };
    const report = quickly(() => walkAll(request));
    expect(report.tables).toBe(4);
    expect(report.sharedWalks).toBe(SHARED_TABLE_BUDGET);
    expect(report.leaves).toBeLessThanOrEqual((SHARED_TABLE_BUDGET + 1) * 512);
    const kinds = new Set(report.anomalies.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['shared-table', 'walk-budget']);
    expect(report.anomalies.length).toBeLessThan(10);
    const none = quickly(() => walkAll({ ...request, sharedTableBudget: 0 }));
    expect([none.leaves, none.sharedWalks]).toEqual([512, 0]);
  });

  it('one page as tables of two levels: walked once at each', () => {
    // 0x3000 is a level-2 table below entry 0 of the root and a level-1 table below entry 1.
    const memory = wordsMemory([
      [0x1000, 0x3003n],
      [0x1008, 0x2003n],
      [0x2000, 0x3003n],
      [0x3000, 0x5003n],
      [0x5000, 0x77003n],
    ]);
    const walk = walkTable({ memory, root: 0x1000, levels: 3, format });
    expect(leavesOf(walk.batches).map(({ iova, target }) => [iova, target])).toEqual([
      [0, 0x77],
      [2 ** 18, 5],
    ]);
    expect(walk.report().anomalies).toMatchObject([
      { kind: 'two-levels', level: 2, table: 0x3000, count: 1 },
    ]);
  });
});

describe('tables that the dump does not hold', () => {
  it('are unknown, not empty', () => {
    const memory = wordsMemory([
      [0x1000, 0x2003n],
      [0x1008, 0x9003n],
      [0x2000, 0x8003n],
    ]);
    const { anomalies, leaves } = walkAll({ memory, root: 0x1000, levels: 3, format });
    expect(leaves).toBe(0);
    expect(anomalies).toMatchObject([
      { kind: 'table-absent', level: 2, table: 0x8000, entryAddress: 0x2000, iova: 0n, iovaEnd: 0x200000n },
      {
        kind: 'table-absent',
        level: 3,
        table: 0x9000,
        entryAddress: 0x1008,
        iova: 1n << 30n,
        iovaEnd: 2n << 30n,
      },
    ]);
    const request = { memory, root: 0x1000, levels: 3, format };
    expect(translate(request, 0n).result).toEqual({ kind: 'unknown', level: 1 });
  });

  it('in part: the known entries are used, the others are unknown', () => {
    const page = new Uint8Array(4096);
    const view = new DataView(page.buffer);
    for (let i = 0; i < 512; i++) view.setBigUint64(i * 8, BigInt(i) * 4096n + 3n, true);
    const root = new Uint8Array(4096);
    new DataView(root.buffer).setBigUint64(0, 0x2003n, true);
    const memory = segmentsMemory(
      [
        { address: 0x1000, bytes: root },
        { address: 0x2000, bytes: page.slice(0, 100) },
        // Starts within entry 256, which therefore is unknown.
        { address: 0x2000 + 2052, bytes: new Uint8Array(4).fill(1) },
        { address: 0x2000 + 2056, zeroLength: 1016 },
        { address: 0x2000 + 3072, bytes: page.slice(3072) },
      ],
      'parts',
    );
    const walk = walkTable({ memory, root: 0x1000, levels: 2, format });
    const leaves = leavesOf(walk.batches).map(({ iova }) => iova);
    expect(leaves).toEqual([
      ...Array.from({ length: 12 }, (_, i) => i),
      ...Array.from({ length: 128 }, (_, i) => 384 + i),
    ]);
    expect(walk.report().anomalies).toMatchObject([
      { kind: 'table-absent', table: 0x2000, iova: 12n * 4096n, iovaEnd: 257n * 4096n },
    ]);
  });

  it('an absent, misaligned or impossible root is reported', () => {
    const memory = wordsMemory([[0x1000, 0x55003n]]);
    const kinds = (root: bigint, levels: number) =>
      walkAll({ memory, root, levels, format }).anomalies.map(({ kind, entry }) => [kind, entry]);
    expect(kinds(0x5000n, 2)).toEqual([['table-absent', 0x5000n]]);
    expect(kinds(ONES, 2)).toEqual([
      ['misaligned-root', ONES],
      ['table-absent', ONES],
    ]);
    expect(kinds(0x1008n, 2).map(([kind]) => kind)).toEqual(['misaligned-root', 'table-absent']);
    for (const levels of [-1, 0, 1, 6, 7, 2 ** 31, Number.NaN]) {
      expect(kinds(0x1000n, levels)).toEqual([['unsupported-levels', 0x1000n]]);
    }
  });

  it('many different causes are folded', () => {
    const memory = wordsMemory(tablePage(0x1000, (i) => 0x100003n + BigInt(i) * 0x10000n));
    const { anomalies } = walkAll({ memory, root: 0x1000, levels: 3, format });
    expect(anomalies.length).toBe(MAX_CAUSES_PER_KIND + 1);
    expect(anomalies.at(-1)).toMatchObject({
      kind: 'table-absent',
      folded: true,
      count: 512 - MAX_CAUSES_PER_KIND,
    });
    expect(anomalies.reduce((sum, { count }) => sum + count, 0)).toBe(512);
  });
});

describe('entries beyond the usable IOVA width', () => {
  it('are dead', () => {
    const memory = wordsMemory([
      [0x1000, 0x2003n],
      [0x1008, 0x2003n],
      [0x2000, 0x3003n],
      [0x3000, 0x200083n],
      [0x3010, 0x400083n],
    ]);
    const request = { memory, root: 0x1000, levels: 4, format, inputWidth: 22 };
    const walk = walkTable(request);
    expect(leavesOf(walk.batches).map(({ iova }) => iova)).toEqual([0]);
    expect(walk.report().anomalies).toMatchObject([
      { kind: 'beyond-width', level: 4, entryAddress: 0x1008, iova: 1n << 39n, count: 1 },
      { kind: 'beyond-width', level: 2, entryAddress: 0x3010, iova: 2n << 21n, count: 1 },
    ]);
  });
});

describe('runs', () => {
  it('end where the low half of the address would overflow', () => {
    const words: (readonly [number, bigint])[] = [
      [0x1000, 0x2003n],
      [0x2000, 0xfffff003n],
      // Equal to what adding in the low half alone would expect, but a page 4 GiB lower.
      [0x2008, 0x3n],
      [0x2010, 0x1_0000_0003n],
    ];
    const walk = walkTable({ memory: wordsMemory(words), root: 0x1000, levels: 2, format });
    expect(leavesOf(walk.batches).map(({ iova, target }) => [iova, target])).toEqual([
      [0, 0xfffff],
      [1, 0],
      [2, 0x100000],
    ]);
  });

  it('end there after many leaves too, and go on where the high half rises', () => {
    for (const [rise, runs] of [
      [0n, 2],
      [1n << 32n, 1],
    ] as const) {
      const entries = [
        ...Array.from({ length: 11 }, (_, i) => 0xffff5003n + BigInt(i) * 0x1000n),
        ...Array.from({ length: 20 }, (_, i) => 3n + rise + BigInt(i) * 0x1000n),
      ];
      const words = entries.map((entry, index) => [0x2000 + index * 8, entry] as const);
      const memory = wordsMemory([[0x1000, 0x2003n], ...words]);
      const request = { memory, root: 0x1000, levels: 2, format };
      expect(leavesOf(walkTable(request).batches).map(({ entry }) => entry)).toEqual(entries);
      expect([...mergeRuns(walkTable(request).batches, format)].length).toBe(runs);
    }
  });

  it('are the entries whatever their software bits and wherever a stretch breaks', () => {
    const software = [0n, 1n << 52n, 1n << 53n, 3n << 52n, 1n << 63n, (1n << 63n) | (1n << 52n), 1n << 61n];
    const stretch = fc.record({
      length: fc.integer({ min: 1, max: 40 }),
      page: fc.oneof(fc.integer({ min: 0, max: 0x3ffff }), fc.integer({ min: 0xfffd8, max: 0x100001 })),
      bits: fc.constantFrom(...software),
      step: fc.constantFrom(0x1000n, 0x1000n, 0x1000n, 0x2000n, -0x1000n, 0x1008n, 0x5_0000_2000n),
    });
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), (stretches) => {
        const entries = stretches
          .flatMap(({ length, page, bits, step }) =>
            Array.from({ length }, (_, i) => (BigInt(page + 64) * 0x1000n + BigInt(i) * step) | bits | 3n),
          )
          .slice(0, 512);
        const words = entries.map((entry, index) => [0x2000 + index * 8, entry] as const);
        const memory = wordsMemory([[0x1000, 0x2003n], ...words]);
        const request = { memory, root: 0x1000, levels: 2, format };
        expect(leavesOf(walkTable(request).batches).map(({ entry }) => entry)).toEqual(entries);
        // A run ends exactly where an entry is not its predecessor and a page.
        const breaks = entries.filter((entry, i) => i === 0 || entry !== (entries[i - 1] ?? 0n) + 0x1000n);
        let rows = 0;
        for (const { length, orHi, andHi } of walkTable(request).batches) {
          rows += length;
          // Bits that some leaf has, and that all have: all leaves fit one batch.
          const high = entries.map((entry) => Number(BigInt.asIntN(32, entry >> 32n)));
          expect(high.every((hi) => (hi & ~orHi) === 0 && (andHi & ~hi) === 0)).toBe(true);
        }
        expect(rows).toBe(breaks.length);
      }),
    );
  });

  it('end where only the high half changes', () => {
    const entries = [0x5003n, 0x1_0000_6003n, 0x1_0000_7003n, 0x8000_0001_0000_8003n];
    const words = entries.map((entry, index) => [0x2000 + index * 8, entry] as const);
    const memory = wordsMemory([[0x1000, 0x2003n], ...words]);
    const leaves = leavesOf(walkTable({ memory, root: 0x1000, levels: 2, format }).batches);
    expect(leaves.map(({ entry }) => entry)).toEqual(entries);
    const large = entries.map((entry, index) => {
      return [0x1000 + index * 8, (entry & ~0xf000n) | 0x80n | (BigInt(index) << 21n)] as const;
    });
    const found = leavesOf(
      walkTable({ memory: wordsMemory(large), root: 0x1000, levels: 2, format }).batches,
    );
    expect(found.map(({ entry }) => entry)).toEqual(large.map(([, entry]) => entry));
  });

  it('of large leaves end there too', () => {
    const words: (readonly [number, bigint])[] = [
      [0x1000, 0xffe00083n],
      [0x1008, 0x83n],
      [0x1010, 0x1_0000_0083n],
      [0x1018, 0x1_0020_0083n],
    ];
    const walk = walkTable({ memory: wordsMemory(words), root: 0x1000, levels: 2, format });
    expect(leavesOf(walk.batches).map(({ target }) => target)).toEqual([0xffe00, 0, 0x100000, 0x100200]);
  });

  it.each([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [2, 3],
    [3, 2],
    [3, 3],
  ])(
    'tell the bits of both sides of a 4 GiB line: from leaves of level %i to leaves of level %i',
    (below, above) => {
      // Tables of level 1 at 0x10000, of level 2 at 0x3000 and 0x4000: the last leaf below, the first above.
      const line = 0x1_0000_0000n;
      const sizes = [0n, 0x1000n, 0x20_0000n, 0x4000_0000n];
      const last = line - (sizes[below] ?? 0n);
      const large = (entry: bigint, level: number) => entry | (level > 1 ? 0x83n : 3n);
      const words: (readonly [number, bigint])[] = [
        [0x2000 + 3 * 8, below === 3 ? large(last, 3) : 0x3003n],
        [0x2000 + 4 * 8, above === 3 ? large(line, 3) : 0x4003n],
        ...(below === 3 ? [] : [[0x3ff8, below === 2 ? large(last, 2) : 0x10003n] as const]),
        ...(above === 3 ? [] : [[0x4000, above === 2 ? large(line, 2) : 0x11003n] as const]),
        ...(below === 1 ? [[0x10ff8, large(last, 1)] as const] : []),
        ...(above === 1 ? [[0x11000, large(line, 1)] as const] : []),
      ];
      const walk = walkTable({ memory: wordsMemory(words), root: 0x2000, levels: 3, format });
      let leaves = 0;
      for (const { orHi, andHi, totalPages } of walk.batches) {
        leaves += totalPages;
        expect([orHi & 1, andHi & 1]).toEqual([1, 0]);
      }
      expect(leaves).toBe(Number(((sizes[below] ?? 0n) + (sizes[above] ?? 0n)) / 0x1000n));
    },
  );

  it('do not run into reserved address bits of a narrow host', () => {
    const narrow = secondStageFormat({ ...DEFAULT_SETTINGS, haw: 30 });
    const words: (readonly [number, bigint])[] = [
      [0x1000, 0x2003n],
      [0x2000, 0x3ffff003n],
      [0x2008, 0x40000003n],
    ];
    const walk = walkTable({ memory: wordsMemory(words), root: 0x1000, levels: 2, format: narrow });
    expect(leavesOf(walk.batches).map(({ target }) => target)).toEqual([0x3ffff]);
    expect(walk.report().anomalies).toMatchObject([{ kind: 'address-width', bits: 0x40000000n }]);
  });
});
