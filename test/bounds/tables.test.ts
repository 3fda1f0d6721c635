/** Tables and directories that lead to each other: what is walked is bounded, and what is left out is said. */
import { expect, test } from 'vitest';
import { createBudget } from '../../src/memory/budget.js';
import { budgetedMemory } from '../../src/memory/budgeted.js';
import { DEFAULT_SETTINGS, sameSettings } from '../../src/schema/settings.js';
import { trimHandover } from '../../src/trim/trim.js';
import { listDevices } from '../../src/vtd/context/list.js';
import { betterDepth, type Depths } from '../../src/vtd/rules/depth.js';
import { createPageLog } from '../../src/vtd/rules/page-log.js';
import type { Sink } from '../../src/vtd/rules/sink.js';
import type { Target } from '../../src/vtd/rules/target.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { decodeFound } from '../trim/canary.js';
import { tablePage, wordsMemory } from '../vtd/tables.js';
import { walkAll } from '../vtd/walk-all.js';

const MIB = 2 ** 20;
const format = secondStageFormat({ ...DEFAULT_SETTINGS, haw: 46 });
/** A budget that has this many bytes of tables, for an input of no bytes. */
const small = (tables: number) => createBudget(0, tables / createBudget(0).limit('tables'));

test('domains that share their tables count together', () => {
  const roots = Array.from({ length: 300 }, (_, i) => 0x100000 + i * 4096);
  const memory = wordsMemory([
    ...roots.map((root) => [root, 0x2003n] as const),
    ...tablePage(0x2000, (i) => 0x3003n + BigInt(i % 4) * 4096n),
    ...[0x3000, 0x4000, 0x5000, 0x6000].flatMap((at) => tablePage(at, (i) => BigInt(i) * 8192n + 3n)),
  ]);
  const budget = small(MIB);
  const budgeted = budgetedMemory(memory, budget);
  let tables = 0;
  const last = roots.map((root) => {
    const report = walkAll({ memory: budgeted, root, levels: 3, format });
    tables += report.tables + report.sharedWalks;
    return report.anomalies.map(({ kind }) => kind);
  });
  expect(tables).toBe(MIB / 4096);
  expect(budget.problems()).toMatchObject([{ code: 'budget-tables' }]);
  expect(budget.problems()[0]?.message).toMatch(/--budget FACTOR/);
  expect(last.at(-1)).toEqual(['walk-budget']);
});

test('PASID directories that all contexts share end with the budget; what is odd in an entry is told once', () => {
  // Root table, context table, directory and PASID table in one page: each entry leads to all others.
  const memory = wordsMemory(tablePage(0x1000, () => 0x1001n));
  const budget = small(4 * MIB);
  const unit = { memory: budgetedMemory(memory, budget), rtaddr: 0x1400n, settings: DEFAULT_SETTINGS };
  const told: number[] = [];
  let devices = 0;
  for (const _ of listDevices(unit, {
    onNotice: (notice) => {
      if (notice.kind === 'step') told.push(notice.step.address);
    },
  })) {
    devices++;
  }
  expect(budget.problems()).toMatchObject([{ code: 'budget-tables' }]);
  // A PASID entry has 64 bytes, and each of them counts as four of a page table.
  expect(devices).toBeLessThanOrEqual((4 * MIB) / 256);
  expect(new Set(told).size).toBe(told.length);
});

test('the functions of eight buses with one table are one table to trim', () => {
  const root = 0x9000_0000;
  const at = (page: number) => root + page * 4096;
  const words = [
    ...tablePage(at(0), (i) => (i % 2 === 0 && i < 16 ? BigInt(at(1)) | 1n : 0n)),
    ...tablePage(at(1), (i) => (i % 2 === 0 ? BigInt(at(2)) | 1n : 0x102n)),
    ...[2, 3, 4].flatMap((page) => tablePage(at(page), () => BigInt(at(page + 1)) | 3n)),
    ...tablePage(at(5), (i) => BigInt(i) * 8192n + 0x1_0000_0003n),
  ];
  const memory = wordsMemory(words);
  const budget = createBudget(24 * 1024);
  const handover = decodeFound(linuxMemory('linux-7.3-live-update'));
  const { covered } = trimHandover({ ...handover, memory }, budgetedMemory(memory, budget), {
    machine: 'x86-64',
    units: [{ rtaddr: BigInt(root), settings: { ...DEFAULT_SETTINGS, haw: 46 } }],
  });
  expect(covered).toBeGreaterThanOrEqual(6 * 4096);
  expect(budget.problems()).toEqual([]);
});

/** What looking for a better depth reads of a table, whose four levels each lead to the next with every entry. */
function depthReader(limit: number) {
  const memory = wordsMemory(
    [0x2000, 0x3000, 0x4000, 0x5000].flatMap((at) => tablePage(at, () => BigInt(at) + 0x1003n)),
  );
  const budget = createBudget(0);
  budget.take('tables', budget.limit('tables') - limit);
  const ram = { canHoldTable: () => true };
  const sink = { memory: budgetedMemory(memory, budget), pages: createPageLog(), ram } as unknown as Sink;
  const depths: Depths = new Map();
  const depthOf = (root: bigint) => {
    const target = { root, levels: 4, stage: 'second', settings: DEFAULT_SETTINGS };
    return betterDepth(sink, target as unknown as Target, depths);
  };
  return { budget, depthOf };
}

test('thousands of domains with one table are asked for its depth once', () => {
  const { budget, depthOf } = depthReader(4 * MIB);
  const before = budget.spent('tables');
  const first = depthOf(0x2000n);
  const once = budget.spent('tables');
  expect(once - before).toBeGreaterThanOrEqual(4 * 4096);
  for (let i = 0; i < 3000; i++) expect(depthOf(0x2000n)).toBe(first);
  expect(budget.spent('tables')).toBe(once);
});

test('a depth that the budget leaves open is none', () => {
  for (const pages of [0, 1, 2, 4, 5, 6]) {
    const { budget, depthOf } = depthReader(pages * 4096 + 1);
    expect(depthOf(0x2000n)).toBeUndefined();
    expect(budget.problems()).toMatchObject([{ code: 'budget-tables' }]);
  }
});

test('equal settings are one object, so that masks and formats are compiled once', () => {
  const settings = { ...DEFAULT_SETTINGS, haw: 41 };
  expect(sameSettings({ ...settings })).toBe(sameSettings({ ...settings }));
  expect(sameSettings({ ...settings, emte: true })).not.toBe(sameSettings(settings));
  expect(secondStageFormat(sameSettings({ ...settings }))).toBe(
    secondStageFormat(sameSettings({ ...settings })),
  );
});
