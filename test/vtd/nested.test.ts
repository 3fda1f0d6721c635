import { describe, expect, it } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { firstStageFormat } from '../../src/vtd/first-stage.js';
import { guestMemory } from '../../src/vtd/nested.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { buildTables } from './build/build.js';
import { leavesOf } from './leaves.js';
import { wordsMemory } from './tables.js';

describe('a nested translation', () => {
  // Guest pages 0x10 and 0x12 are at physical 0x5000 and 0x9000; 0x11 is not mapped; 0x13 is write-only.
  let next = 0x100000;
  const allocate = () => {
    next += 4096;
    return next;
  };
  const page = { pages: 1, read: true, write: true };
  const built = buildTables(
    [
      { ...page, iova: 0x10, target: 5 },
      { ...page, iova: 0x12, target: 9 },
      { ...page, iova: 0x13, target: 10, read: false },
      { ...page, iova: 0x14, target: 0x7777 },
    ],
    { levels: 3, pageSizes: { size2M: false, size1G: false }, style: 'generic_pt', allocate },
  );
  const tables = wordsMemory([
    [0x5000, 0x12027n],
    [0x5008, 0x11027n],
    [0x5010, 0x13027n],
    [0x5018, 0x14027n],
    [0x9000, 0xabc000e7n & ~0x1fe000n],
    [0xa000, 0x67n],
  ]);
  const memory = overlay(segmentsMemory(built.segments(), 'second stage'), tables);
  const guest = guestMemory({ memory, root: built.root, levels: 3, format: secondStageFormat() });

  it('walks first-stage tables that are at guest addresses', () => {
    const walk = walkTable({ memory: guest, root: 0x10000, levels: 3, format: firstStageFormat() });
    expect(leavesOf(walk.batches)).toMatchObject([{ iova: 0, level: 2, target: 0xabc00 }]);
    expect(walk.report().anomalies).toMatchObject([
      { kind: 'table-absent', table: 0x11000, count: 1 },
      { kind: 'table-absent', table: 0x13000, count: 1 },
      { kind: 'table-absent', table: 0x14000, count: 1 },
    ]);
  });

  it('reads across pages as far as they are there', () => {
    const into = new Uint8Array(8192);
    expect(guest.read(0x10ff8, 16, into)).toBe(8);
    expect(guest.read(0x12000, 8, into)).toBe(8);
    expect(guest.read(0x11000, 8, into)).toBe(0);
    expect([...guest.runs(0x10800, 0x12800)].map(({ start, end, state }) => [start, end, state])).toEqual([
      [0x10800, 0x11000, 'present'],
      [0x11000, 0x12000, 'absent'],
      [0x12000, 0x12800, 'present'],
    ]);
    expect([...guest.known()].map(({ start, end }) => [start, end])).toEqual([
      [0x10000, 0x11000],
      [0x12000, 0x13000],
    ]);
  });
});
