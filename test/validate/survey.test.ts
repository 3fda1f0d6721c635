import fc from 'fast-check';
import { expect, test } from 'vitest';
import { segmentsMemory } from '../../src/memory/segments.js';
import type { Reached, WalkObserver } from '../../src/validate/rule.js';
import { createRunFeed, GRANULE_PAGES } from '../../src/validate/survey.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { iovaOfRow, pagesOfRow, targetOfRow } from '../../src/vtd/walk/batch.js';
import { mergeBatches } from '../../src/vtd/walk/runs.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { sweep } from '../sweep.js';

const ENTRIES = 512;
/** Level-1 tables, so that there are several batches of rows. */
const TABLES = 80;
const BASE = 0x1000_0000;
/** Targets are here, around a 4 GiB line. */
const TARGETS = 0x100000 - 6 * GRANULE_PAGES;
const GRANULES = 12;

/** A 3-level table of which leaf i leads to the i-th page frame; level 1 first, then level 2, then the top. */
function memoryOf(targets: readonly number[]) {
  const words = new BigUint64Array((TABLES + 2) * ENTRIES);
  targets.forEach((target, i) => {
    words[i] = (BigInt(target) << 12n) | 3n;
  });
  for (let i = 0; i < TABLES; i++) words[TABLES * ENTRIES + i] = BigInt(BASE + i * 4096) | 3n;
  words[(TABLES + 1) * ENTRIES] = BigInt(BASE + TABLES * 4096) | 3n;
  return segmentsMemory([{ address: BASE, bytes: new Uint8Array(words.buffer) }], 'tables');
}

/** Walks leaves that lead to the targets, with one observer that asks for some granules, as numbers from the region's start. */
function survey(targets: readonly number[], wanted: readonly number[]) {
  const seen = new Map<number, number>();
  let told: Reached | undefined;
  const observer: WalkObserver = {
    watches: (start, end) => {
      for (let granule = granuleOf(start); granule < granuleOf(end); granule++)
        if (isWanted(wanted, granule)) return true;
      return false;
    },
    runs(batch) {
      for (let row = 0; row < batch.length; row++) {
        const iova = iovaOfRow(batch, row);
        for (let page = 0; page < pagesOfRow(batch, row); page++) {
          const target = targetOfRow(batch, row) + page;
          if (isWanted(wanted, granuleOf(target))) seen.set(iova + page, target);
        }
      }
    },
    reached(reached) {
      told = reached;
    },
  };
  const format = secondStageFormat();
  const root = BASE + (TABLES + 1) * 4096;
  const feed = createRunFeed([observer]);
  const walk = walkTable({ memory: memoryOf(targets), root, levels: 3, format });
  for (const batch of mergeBatches(walk.batches, format)) feed.take(batch);
  feed.end();
  expect(walk.report()).toMatchObject({ leaves: targets.length, anomalies: [] });
  const naive = new Map([...targets.entries()].filter(([, target]) => isWanted(wanted, granuleOf(target))));
  expect(seen).toEqual(naive);
  return { seen, told };
}

const granuleOf = (target: number) => Math.floor(target / GRANULE_PAGES);
const isWanted = (wanted: readonly number[], granule: number) =>
  wanted.includes(granule - granuleOf(TARGETS));

/** Pages that leaf `i` may lead to: all, then for some batches only the first few granules, then all again. */
function spanAt(i: number, granule: number): number {
  const third = Math.floor((3 * i) / (TABLES * ENTRIES));
  return (third === 1 ? 4 : GRANULES) * granule;
}

/** Stretches of leaves whose targets rise by a page: where each begins in the region, and how long it is. */
const stretches = fc
  .constantFrom(1, 4, 700)
  .chain((most) =>
    fc.array(
      fc.record({ at: fc.nat(GRANULES * GRANULE_PAGES - 1), pages: fc.integer({ min: 1, max: most }) }),
      { minLength: 40 },
    ),
  );
/** Granules from the start of the region that some rule asks for; now and then such as come late. */
const watched = fc.array(fc.nat(GRANULES), { maxLength: 3 });

test('shows every run that leads to watched memory, and tells all that is reached', () => {
  fc.assert(
    fc.property(stretches, watched, fc.option(fc.nat(TABLES * ENTRIES - 1)), (parts, wanted, far) => {
      const targets: number[] = [];
      for (let i = 0; targets.length < TABLES * ENTRIES; i++) {
        const { at, pages } = parts[i % parts.length] as { at: number; pages: number };
        // Each round of the stretches is a page further, so that they are not all the same.
        for (let page = 0; page < pages && targets.length < TABLES * ENTRIES; page++)
          targets.push(
            TARGETS + ((at + page + Math.floor(i / parts.length)) % spanAt(targets.length, GRANULE_PAGES)),
          );
      }
      // One page far beyond everything else.
      if (far !== null) targets[far] = 0x4_0000_0000;
      const { told } = survey(targets, wanted);
      const all = new Set(targets.map(granuleOf));
      const granules = new Set(told?.granules);
      expect(granules.size).toBe(told?.granules.length);
      // What is too far from what was reached first is only said to be there.
      if (told?.far === true) for (const granule of granules) expect(all).toContain(granule);
      else expect(granules).toEqual(all);
      expect(told?.far).toBe(far !== null);
    }),
    { numRuns: sweep(60, 25) },
  );
});

test.each([
  ['ends in the granule after the plain ones', 4 * GRANULE_PAGES - 2, 5],
  ['leads from among the plain ones over more than a granule', 2 * GRANULE_PAGES + 7, 1200],
])('shows a run among thousands that %s', (_, at, pages) => {
  // Runs of two pages in four granules, until those are known to be plain.
  const targets = Array.from(
    { length: TABLES * ENTRIES },
    (__, i) => TARGETS + (((i >> 1) * 6 + (i & 1)) % (4 * GRANULE_PAGES)),
  );
  for (let page = 0; page < pages; page++) targets[30_001 + page] = TARGETS + at + page;
  expect(survey(targets, [4]).seen.size).toBe(at + pages - 4 * GRANULE_PAGES);
});
