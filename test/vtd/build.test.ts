import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentsMemory } from '../../src/memory/segments.js';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { iovasOf, leavesOfRow, pagesOf, pagesPerEntry } from '../../src/vtd/walk/batch.js';
import { mergeRuns } from '../../src/vtd/walk/runs.js';
import { translate } from '../../src/vtd/walk/translate.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { sweep } from '../sweep.js';
import { type BuildOptions, buildTables, type PageMapping } from './build/build.js';
import { leavesOf } from './leaves.js';

const format = secondStageFormat();

/** Options with an allocator that hands out pages upwards from 16 MiB. */
function options(changes: Partial<BuildOptions> = {}): BuildOptions {
  let next = 0x1000000;
  const allocate = () => {
    next += 4096;
    return next;
  };
  return { levels: 4, pageSizes: { size2M: true, size1G: true }, style: 'generic_pt', allocate, ...changes };
}

/**
 * Random mappings that do not overlap: gaps and lengths around the page sizes, in IOVA order.
 *
 * @param large with lengths of 1 GiB, which are a quarter of a million leaves where no superpage is allowed
 */
function mappingsArbitrary(levels: number, large: boolean): fc.Arbitrary<PageMapping[]> {
  const length = fc.oneof(
    fc.integer({ min: 1, max: 1100 }),
    fc.constantFrom(1, 511, 512, 513, 1024, ...(large ? [2 ** 18, 2 ** 18 + 512] : [])),
  );
  const alignment = fc.constantFrom(1, 512, 2 ** 18);
  const step = fc.record({
    gap: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 2 ** 27 })),
    alignment,
    length,
    target: fc.integer({ min: 0, max: 2 ** 31 }),
    targetAlignment: alignment,
    permissions: fc.constantFrom(
      { read: true, write: true },
      { read: true, write: false },
      { read: false, write: true },
    ),
    snoop: fc.boolean(),
  });
  return fc.array(step, { maxLength: 12 }).map((steps) => {
    const mappings: PageMapping[] = [];
    let at = 0;
    for (const { gap, alignment, length, target, targetAlignment, permissions, snoop } of steps) {
      const iova = Math.ceil((at + gap) / alignment) * alignment;
      if (iova + length > 2 ** (9 * levels)) break;
      mappings.push({
        iova,
        target: target - (target % targetAlignment),
        pages: length,
        ...permissions,
        snoop,
      });
      at = iova + length;
    }
    return mappings;
  });
}

const casesArbitrary = fc
  .record({
    levels: fc.integer({ min: 2, max: 5 }),
    pageSizes: fc.record({ size2M: fc.boolean(), size1G: fc.boolean() }),
  })
  .chain(({ levels, pageSizes }) =>
    fc.record({
      levels: fc.constant(levels),
      pageSizes: fc.constant(pageSizes),
      mappings: mappingsArbitrary(levels, pageSizes.size2M),
    }),
  );

/** What a merge of the mappings must give: neighbours that continue each other joined. */
function mergedMappings(mappings: readonly PageMapping[]): string[] {
  const merged: { iova: number; target: number; pages: number; bits: string }[] = [];
  for (const { iova, target, pages, read, write, snoop } of mappings) {
    const bits = `${read}${write}${snoop === true}`;
    const last = merged.at(-1);
    const continues =
      last?.iova === iova - (last?.pages ?? 0) && last?.target === target - (last?.pages ?? 0);
    if (last !== undefined && continues && last.bits === bits) last.pages += pages;
    else merged.push({ iova, target, pages, bits });
  }
  return merged.map(({ iova, target, pages, bits }) => `${iova} ${target} ${pages} ${bits}`);
}

describe('tables that the builder makes', () => {
  it('walk back to the same mappings: 2 to 5 levels, all page sizes', () => {
    fc.assert(
      fc.property(casesArbitrary, ({ levels, mappings, pageSizes }) => {
        const built = buildTables(mappings, options({ levels, pageSizes }));
        const memory = segmentsMemory(built.segments(), 'built');
        let tables = 0;
        const onTable = () => {
          tables++;
        };
        const walk = walkTable({ memory, root: built.root, levels, format, onTable });
        const runs = [...mergeRuns(walk.batches, format, { anySize: true })].map(
          (run) =>
            `${run.iova} ${run.target} ${run.pages} ${(run.access & 1) !== 0}${(run.access & 2) !== 0}${(run.lo & 0x800) !== 0}`,
        );
        expect(runs).toEqual(mergedMappings(mappings));
        expect(walk.report().anomalies).toEqual([]);
        expect(tables).toBe(built.pages);
      }),
      { numRuns: sweep(150, 25) },
    );
  });

  it('use the largest page that fits, and no other', () => {
    fc.assert(
      fc.property(casesArbitrary, ({ levels, mappings, pageSizes }) => {
        const built = buildTables(mappings, options({ levels, pageSizes }));
        const memory = segmentsMemory(built.segments(), 'built');
        const leaves = leavesOf(walkTable({ memory, root: built.root, levels, format }).batches);
        const expected: string[] = [];
        for (const mapping of mappings) {
          for (let done = 0; done < mapping.pages; ) {
            let level = 1;
            for (const candidate of [2, 3]) {
              const span = pagesPerEntry(candidate);
              const allowed = candidate === 2 ? pageSizes.size2M : pageSizes.size1G;
              const aligned = (mapping.iova + done) % span === 0 && (mapping.target + done) % span === 0;
              if (candidate <= levels && allowed && aligned && mapping.pages - done >= span)
                level = candidate;
            }
            expected.push(`${mapping.iova + done} ${level}`);
            done += pagesPerEntry(level);
          }
        }
        expect(leaves.map(({ iova, level }) => `${iova} ${level}`).join()).toBe(expected.join());
      }),
      { numRuns: sweep(40, 12) },
    );
  });

  it('do not depend on the order of the mappings', () => {
    fc.assert(
      fc.property(casesArbitrary, fc.infiniteStream(fc.nat()), ({ levels, mappings, pageSizes }, keys) => {
        const shuffled = mappings.map((mapping) => ({ mapping, key: keys.next().value ?? 0 }));
        shuffled.sort((a, b) => a.key - b.key);
        const walkOf = (list: readonly PageMapping[]) => {
          const built = buildTables(list, options({ levels, pageSizes }));
          const memory = segmentsMemory(built.segments(), 'built');
          const walk = walkTable({ memory, root: built.root, levels, format });
          return [...mergeRuns(walk.batches, format)];
        };
        expect(walkOf(shuffled.map(({ mapping }) => mapping))).toEqual(walkOf(mappings));
      }),
      { numRuns: sweep(60, 20) },
    );
  });

  it('translate each page that is mapped to where it is mapped', () => {
    fc.assert(
      fc.property(casesArbitrary, fc.nat(), ({ levels, mappings, pageSizes }, pick) => {
        fc.pre(mappings.length > 0);
        const mapping = mappings[pick % mappings.length];
        if (mapping === undefined) return;
        const built = buildTables(mappings, options({ levels, pageSizes }));
        const memory = segmentsMemory(built.segments(), 'built');
        const page = pick % mapping.pages;
        const iova = (BigInt(mapping.iova + page) << 12n) + 0xabcn;
        const { result } = translate({ memory, root: built.root, levels, format }, iova);
        const access = (mapping.read ? 1 : 0) | (mapping.write ? 2 : 0);
        const address = (BigInt(mapping.target + page) << 12n) + 0xabcn;
        expect(result).toMatchObject({ kind: 'mapped', address, access, effectiveAccess: access });
      }),
    );
  });
});

describe('entries of the builder', () => {
  const mapping = { iova: 0, target: 0x55, pages: 1, read: false, write: true };
  const entries = (style: BuildOptions['style']) => {
    const built = buildTables([mapping], options({ levels: 2, style }));
    return [0, 1].map((page) => new DataView(built.bytes(page).slice().buffer).getBigUint64(0, true));
  };

  it('follow the style', () => {
    expect(entries('rfc')).toEqual([0x1002003n, 0x55003n]);
    expect(entries('generic_pt')).toEqual([0x1002003n, 0x55002n]);
    expect(entries('generic_pt-incoherent')).toEqual([0x1002403n, 0x55002n]);
  });

  it('refuse what cannot be mapped', () => {
    const build = (mappings: PageMapping[], changes: Partial<BuildOptions> = {}) => {
      return () => buildTables(mappings, options(changes));
    };
    const large = { ...mapping, iova: 0, target: 0, pages: 512 };
    expect(build([mapping, mapping])).toThrow(/0x0 is mapped twice/);
    expect(build([large, { ...mapping, iova: 5 }])).toThrow(/0x5000 is mapped twice/);
    expect(build([{ ...mapping, iova: 5 }, large])).toThrow(/mapped twice/);
    expect(build([{ ...mapping, write: false }])).toThrow(/without permissions/);
    expect(build([{ ...mapping, write: false }], { style: 'rfc' })).not.toThrow();
    expect(build([{ ...mapping, iova: 2 ** 18 }], { levels: 2 })).toThrow(/out of range/);
    expect(build([{ ...mapping, target: 2 ** 40 }])).toThrow(/out of range/);
    expect(build([mapping], { levels: 6 })).toThrow(/levels/);
    expect(build([mapping], { allocate: () => 0x1000 })).toThrow(/not a free table page/);
    expect(build([mapping], { allocate: () => 0x1008 })).toThrow(/not a free table page/);
  });
});

describe('damaged tables', () => {
  it('never make the walk throw, hang or report without bound', () => {
    const damage = fc.array(
      fc.record({
        page: fc.nat(),
        index: fc.integer({ min: 0, max: 511 }),
        value: fc.oneof(
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          fc.constantFrom(0n, 3n, 2n ** 64n - 1n, 0x1001003n, 0x1002003n, 0x1003083n, 0x1001803n),
          // Pointers into the tables themselves.
          fc.integer({ min: 0, max: 20 }).map((page) => 0x1001003n + BigInt(page) * 4096n),
        ),
      }),
      { minLength: 1, maxLength: 30 },
    );
    const settings = fc.record({ haw: fc.integer({ min: 30, max: 52 }), ssirwe: fc.boolean() });
    fc.assert(
      fc.property(casesArbitrary, damage, settings, ({ levels, mappings, pageSizes }, changes, changed) => {
        const built = buildTables(mappings, options({ levels, pageSizes }));
        for (const { page, index, value } of changes) {
          const bytes = built.bytes(page % built.pages);
          new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(index * 8, value, true);
        }
        const memory = segmentsMemory(built.segments(), 'damaged');
        const damaged = secondStageFormat({ ...DEFAULT_SETTINGS, ...changed });
        const request = { memory, root: built.root, levels, format: damaged, sharedTableBudget: 100 };
        const walk = walkTable(request);
        let last = -1;
        let leaves = 0;
        for (const batch of walk.batches) {
          for (let row = 0; row < batch.length; row++) {
            const iova = iovasOf(batch)[row] ?? -1;
            expect(iova).toBeGreaterThan(last);
            last = iova;
            leaves += leavesOfRow(pagesOf(batch)[row] ?? 0, batch.level[row] ?? 0);
          }
        }
        const report = walk.report();
        expect(report.leaves).toBe(leaves);
        expect(report.tables).toBeLessThanOrEqual(built.pages * levels);
        expect(report.sharedWalks).toBeLessThanOrEqual(100);
        // 64 causes of each of 13 kinds, and one folded for each level.
        expect(report.anomalies.length).toBeLessThan(13 * (64 + 6));
        for (const { iova } of report.anomalies) translate(request, iova);
      }),
      { numRuns: sweep(120, 40) },
    );
  });
});
