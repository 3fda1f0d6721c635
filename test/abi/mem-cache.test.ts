import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeMemCache, exactMemCache } from '../../src/abi/mem-cache.js';
import type { AddressRange } from '../../src/abi/model.js';
import { packRecords } from '../../src/abi/record-view.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { memStretches } from '../../src/decode/mem-columns.js';
import { memProperties } from '../../src/decode/mem-properties.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { type KhoMem, khoMem } from '../../src/records/kho.js';
import { workedBlob } from '../fdt/worked-blob.js';
import { within } from '../processor-time.js';
import { sweep } from '../sweep.js';
import { fixtureText, RFC_DUMPS, withMemory } from '../vtd/fixtures.js';

type Pair = readonly [bigint, bigint];

function cacheOf(pairs: Iterable<Pair>, scratch?: AddressRange): Pair[] | 'intersects' {
  const result = computeMemCache(
    [...pairs].map(([addr, len]) => ({ addr, len })),
    scratch,
  );
  return 'entries' in result ? result.entries.map(({ addr, len }) => [addr, len] as const) : 'intersects';
}

function recordsOf(blob: Uint8Array): KhoMem[] {
  return [...memProperties(parseFdt(blob))].flatMap(({ records }) => [...records]);
}

const REGION: Pair = [0x100000001n, 0x1000000n];

describe('computeMemCache', () => {
  it.each<[string, Pair[], Pair[]]>([
    ['the region alone', [REGION], [[0x100000001n, 0x1000fffn]]],
    ['a page at its start, then the region', [[0x100000000n, 0x1000n], REGION], [[0x100000000n, 0x1001000n]]],
    ['the region, then a page at its start', [REGION, [0x100000000n, 0x1000n]], [[0x100000000n, 0x1001000n]]],
    [
      'three pages inside, then the region',
      [[0x100200000n, 0x1000n], [0x100400000n, 0x1000n], [0x100600000n, 0x1000n], REGION],
      [
        [0x100000001n, 0x1000fffn],
        [0x100600000n, 0x1000n],
      ],
    ],
    ['a page directly above', [REGION, [0x101000000n, 0x1000n]], [[0x100000001n, 0x1000fffn]]],
    [
      'a page directly below',
      [REGION, [0xfffff000n, 0x1000n]],
      [
        [0xfffff000n, 0x1000n],
        [0x100000001n, 0x1000fffn],
      ],
    ],
    ['a record inside a page', [[0x12350040n, 0x28n]], [[0x12350000n, 0x1000n]]],
    ['a record over the border of two pages', [[0x12350ff0n, 0x20n]], [[0x12350000n, 0x2000n]]],
  ])('%s', (_, records, expected) => {
    expect(cacheOf(records)).toEqual(expected);
  });

  it('follows the worked example of the specification step by step', () => {
    const records = recordsOf(workedBlob());
    const steps: Pair[][] = [
      [[0x12342000n, 0x1000n]],
      [
        [0x12342000n, 0x1000n],
        [0x100000000n, 0x1000n],
      ],
      [
        [0x12342000n, 0x2000n],
        [0x100000000n, 0x1000n],
      ],
      [
        [0x12342000n, 0x2000n],
        [0x100000000n, 0x1000n],
        [0x100200000n, 0x1000n],
      ],
      [
        [0x12342000n, 0x2000n],
        [0x100000000n, 0x1000n],
        [0x100200000n, 0x2000n],
      ],
      [
        [0x12342000n, 0x2000n],
        [0x100000000n, 0x1001000n],
      ],
      [
        [0x12342000n, 0x2000n],
        [0x12350000n, 0x1000n],
        [0x100000000n, 0x1001000n],
      ],
    ];
    steps.forEach((expected, i) => {
      expect(cacheOf(records.slice(0, i + 1).map(({ addr, len }) => [addr, len] as const))).toEqual(expected);
    });
    expect(computeMemCache(records, { start: 0x40000000n, end: 0x60000000n })).toEqual({
      entries: [
        { addr: 0x12342000n, len: 0x2000n },
        { addr: 0x12350000n, len: 0x3000n },
        { addr: 0x12400000n, len: 0x300000n },
        { addr: 0x100000000n, len: 0x1001000n },
      ],
    });
    const withoutDomain = computeMemCache(records.slice(5));
    expect('entries' in withoutDomain && withoutDomain.entries.at(-1)).toEqual({
      addr: 0x100000001n,
      len: 0x1000fffn,
    });
  });

  it('refuses what runs into scratch by a single page, and names it', () => {
    const scratch = { start: 0x40000000n, end: 0x60000000n };
    const outside: Pair[] = [
      [0x3ffff000n, 0x1000n],
      [0x60000000n, 0x1000n],
    ];
    expect(cacheOf(outside, scratch)).toEqual(outside);
    const inside = { addr: 0x3ffff800n, len: 0x801n };
    expect(computeMemCache([{ addr: 0x1000n, len: 0x1000n }, inside], scratch)).toEqual({
      intersects: inside,
    });
    expect(cacheOf([[0x5ffffff0n, 0x1n]], scratch)).toBe('intersects');
  });

  describe.each(RFC_DUMPS)('on the dump %s', (dump) => {
    it('gives what the series itself handed over', async () => {
      const truth: { mem_cache: [string, string][] } = JSON.parse(fixtureText(`rfc-2024/${dump}/truth.json`));
      await withMemory(`rfc-2024/${dump}/memory.elf.gz`, (memory) => {
        const [found] = findTrees(memory).trees;
        const handover = decodeHandover(found?.bytes ?? new Uint8Array(0), { memory });
        const result = computeMemCache(recordsOf(found?.bytes ?? new Uint8Array(0)), handover.scratch?.[0]);
        const entries = 'entries' in result ? result.entries : [];
        expect(entries.length).toBeGreaterThan(0);
        expect(entries.map(({ addr, len }) => [`0x${addr.toString(16)}`, `0x${len.toString(16)}`])).toEqual(
          truth.mem_cache,
        );
        expect([...(handover.memCache ?? [])]).toEqual(entries);
      });
    });
  });

  it("does on any records what the kernel's own loop does", () => {
    // Few pages, so that records meet in every way; some near the end of the address space, so that sums wrap.
    const address = fc.oneof(
      fc.bigInt({ min: 0n, max: 0x20000n }),
      fc.bigInt({ min: 0n, max: 32n }).map((page) => page << 12n),
      fc.bigInt({ min: 0n, max: 0x4000n }).map((below) => (1n << 64n) - 1n - below),
    );
    const length = fc.oneof(
      fc.bigInt({ min: 0n, max: 4n }).map((pages) => pages << 12n),
      fc.bigInt({ min: 0n, max: 0x6000n }),
    );
    const records = fc.array(fc.tuple(address, length), { maxLength: 40 });
    fc.assert(
      fc.property(records, (pairs) => {
        expect(cacheOf(pairs)).toEqual(kernelLoop(pairs));
      }),
      { numRuns: sweep(3000, 1000) },
    );
  });

  it('does on stretches of pages what it does on the pages', () => {
    // Stretches over few pages: they continue, overlap and come before one another, beside records of any length.
    const stretch = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 6 })).map(([first, pages]) =>
      Array.from(
        { length: pages },
        (_, i): KhoMem => ({
          addr: BigInt(first + i) << 12n,
          len: 0x1000n,
        }),
      ),
    );
    const other = fc
      .tuple(fc.bigInt({ min: 0n, max: 0x30000n }), fc.bigInt({ min: 0n, max: 0x3000n }))
      .map(([addr, len]): KhoMem[] => [{ addr, len }]);
    const scratch = fc.option(
      fc.nat(60).map((page) => ({ start: BigInt(page) << 12n, end: BigInt(page + 2) << 12n })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(stretch, other), { maxLength: 20 }), scratch, (lists, area) => {
        const records = lists.flat();
        const view = packRecords(khoMem, records);
        const stretches = [...memStretches(view)];
        expect(stretches.flatMap((whole) => [...(whole.parts?.() ?? [whole])])).toEqual(records);
        expect(computeMemCache(stretches, area)).toEqual(computeMemCache(records, area));
        expect(exactMemCache(stretches)).toEqual(exactMemCache(records));
      }),
      { numRuns: sweep(2000, 700) },
    );
    const pages = packRecords(khoMem, [
      { addr: 0x1000n, len: 0x1000n },
      { addr: 0x2000n, len: 0x3000n },
      { addr: 0x5001n, len: 0x1000n },
    ]);
    expect([...memStretches(pages)]).toEqual([
      { addr: 0x1000n, len: 0x4000n, parts: expect.any(Function) },
      { addr: 0x5001n, len: 0x1000n },
    ]);
  });

  it('takes a hundred thousand ascending records in about linear time', () => {
    const records = Array.from({ length: 100_000 }, (_, i) => ({ addr: BigInt(i) << 13n, len: 0x1000n }));
    // The kernel's loop would make 5 * 10^9 comparisons of these.
    const result = within(5000, () => computeMemCache(records));
    expect(result).toEqual({ entries: records });
    const descending = records.slice(0, 10_000).reverse();
    expect(computeMemCache(descending)).toEqual({ entries: records.slice(0, 10_000) });
  });
});

/** The insertion as the kernel writes it: a walk over the whole list for each record. */
function kernelLoop(pairs: readonly Pair[]): Pair[] {
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const cache: { addr: bigint; end: bigint }[] = [];
  for (const [addr, len] of pairs) {
    const start = ((addr >> 12n) << 12n) | (addr & 1n);
    const end = wrap(((wrap(addr + len) + 4095n) >> 12n) << 12n);
    insert(cache, start, end);
  }
  return cache.map(({ addr, end }) => [addr, wrap(end - addr)] as const);
}

function insert(cache: { addr: bigint; end: bigint }[], start: bigint, end: bigint): void {
  let previousEnd = 0n;
  for (const [i, entry] of cache.entries()) {
    if (entry.end < start) {
      previousEnd = entry.end;
    } else if (start >= entry.addr && end <= entry.end) {
      return;
    } else if (end >= entry.addr && start <= entry.end) {
      entry.addr = start < entry.addr ? start : entry.addr;
      entry.end = end > entry.end ? end : entry.end;
      const neighbour =
        i > 0 && previousEnd >= entry.addr
          ? cache[i - 1]
          : entry.end >= (cache[i + 1]?.addr ?? 1n << 65n)
            ? cache[i + 1]
            : undefined;
      if (neighbour === undefined) return;
      neighbour.addr = entry.addr < neighbour.addr ? entry.addr : neighbour.addr;
      neighbour.end = entry.end > neighbour.end ? entry.end : neighbour.end;
      cache.splice(i, 1);
      return;
    } else {
      cache.splice(i, 0, { addr: start, end });
      return;
    }
  }
  cache.push({ addr: start, end });
}
