import { logAnomaly, type WalkAnomalyKind } from './anomaly.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from './batch.js';
import { pfnOf } from './format.js';
import { isRisen } from './rising.js';
import { reportDeadEntries } from './scan.js';
import type { WalkState } from './state.js';
import { visitTable } from './visited.js';
import {
  createTableWindow,
  readPartialTable,
  readTables,
  TABLE_BYTES,
  WINDOW_PAGES,
  wordsOfTable,
} from './window.js';

/** Physical addresses end here (bits 51:12 are all that an entry can hold). */
const ADDRESS_END = 2 ** 52;

/** A pointer to a table: the entry that holds it (word and address, -1 for the root) and what it serves. */
export interface TablePointer {
  readonly level: number;
  readonly address: number;
  readonly iova: number;
  readonly entryAddress: number;
  readonly lo: number;
  readonly hi: number;
  /** Whether the table that holds the pointer is itself being walked again. */
  readonly again: boolean;
}

export function sightTable(
  s: WalkState,
  kind: WalkAnomalyKind,
  p: TablePointer,
  iova: number,
  pages: number,
): void {
  const { level, address, entryAddress, lo, hi } = p;
  const table = address;
  logAnomaly(s.log, {
    kind,
    level: level + 1,
    entryAddress,
    lo,
    hi,
    bitsLo: 0,
    bitsHi: 0,
    table,
    iova,
    pages,
  });
}

/** Whether the table at `address` is already being walked at a higher level. */
function isAncestor(s: WalkState, level: number, address: number): boolean {
  for (let above = level + 1; above <= s.top; above++) if (s.address[above] === address) return true;
  return false;
}

/**
 * How many of the entries after `index` in the parent continue the run of table addresses from its own, in
 * steps of one page up (`direction` 1) or down (-1): those tables can be read in one go.
 */
function adjacentTables(s: WalkState, parent: number, index: number, direction: number): number {
  const words = s.windows[parent]?.words as Int32Array;
  const at = (s.at[parent] as number) + 2 * index;
  const hi = words[at + 1] as number;
  const most = Math.min(WINDOW_PAGES, (s.live[parent] as number) - index);
  let expected = words[at] as number;
  let run = 1;
  while (run < most) {
    expected = (expected + direction * TABLE_BYTES) | 0;
    if (words[at + 2 * run] !== expected || words[at + 2 * run + 1] !== hi) break;
    // A carry out of the low half would need the next high half, which the test above has refused.
    if (direction > 0 ? expected >>> 12 === 0 : expected >>> 12 === 0xfffff) break;
    run++;
  }
  return run;
}

/** Brings the table into its level's window. Returns false when the dump holds nothing of it. */
function loadTable(s: WalkState, p: TablePointer, parentIndex: number): boolean {
  const { level, address } = p;
  if (address >= ADDRESS_END) {
    if (!p.again) sightTable(s, 'table-absent', p, p.iova, ENTRIES_PER_TABLE * pagesPerEntry(level));
    return false;
  }
  // Thousands of walks may end before they reach a table of this level; there is one top table.
  s.windows[level] ??= createTableWindow(level === s.top ? 1 : WINDOW_PAGES);
  const window = s.windows[level];
  let at = wordsOfTable(window, address);
  if (at < 0 && parentIndex >= 0) {
    const up = adjacentTables(s, level + 1, parentIndex, 1);
    const down = up > 1 ? 1 : adjacentTables(s, level + 1, parentIndex, -1);
    readTables(window, s.memory, address - (down - 1) * TABLE_BYTES, Math.max(up, down));
    at = wordsOfTable(window, address);
  }
  if (at < 0 && readTables(window, s.memory, address, 1) === 1) at = 0;
  if (at < 0) {
    s.partial = address;
    for (const { from, to } of readPartialTable(window, s.memory, address)) {
      const span = pagesPerEntry(level);
      if (!p.again) sightTable(s, 'table-absent', p, p.iova + from * span, (to - from) * span);
    }
    at = wordsOfTable(window, address);
  }
  s.at[level] = at;
  return at >= 0;
}

/** Whether a table that was reached before may be walked again, which it may while the budget lasts. */
function admitShared(s: WalkState, p: TablePointer, before: number): boolean {
  const pages = ENTRIES_PER_TABLE * pagesPerEntry(p.level);
  if (((before >>> p.level) & 1) === 0) {
    if (!p.again) sightTable(s, 'two-levels', p, p.iova, pages);
    return true;
  }
  if (!p.again) sightTable(s, 'shared-table', p, p.iova, pages);
  if (s.budget <= 0) {
    sightTable(s, 'walk-budget', { ...p, address: -1 }, p.iova, pages);
    return false;
  }
  s.budget--;
  s.sharedWalks++;
  return true;
}

/** Whether the current table of `level` has no present entry: the first one mostly tells. */
function isEmpty(s: WalkState, level: number): boolean {
  const words = s.windows[level]?.words as Int32Array;
  const { presentLo, presentHi } = s.format;
  const at = s.at[level] as number;
  for (let i = at; i < at + 2 * ENTRIES_PER_TABLE; i += 2) {
    if ((((words[i] as number) & presentLo) | ((words[i + 1] as number) & presentHi)) !== 0) return false;
  }
  return true;
}

/** Enters a table unless it is absent, an ancestor of itself, or beyond what may be walked. */
export function enterTable(s: WalkState, p: TablePointer, parentIndex: number): void {
  const { level, address, iova, entryAddress, lo, hi } = p;
  const span = pagesPerEntry(level);
  if (isAncestor(s, level, address)) {
    if (!p.again) sightTable(s, 'loop', p, iova, ENTRIES_PER_TABLE * span);
    return;
  }
  if (s.memory.budget?.take('tables', TABLE_BYTES) === false) {
    sightTable(s, 'walk-budget', p, iova, ENTRIES_PER_TABLE * span);
    return;
  }
  const live = Math.min(ENTRIES_PER_TABLE, Math.max(0, Math.ceil((s.iovaEnd - iova) / span)));
  s.risen = level === 1 && live === ENTRIES_PER_TABLE && isRisen(s, address);
  if (!s.risen && !loadTable(s, p, parentIndex)) return;
  const before = visitTable(s.visited, address / TABLE_BYTES, level);
  if (before !== 0 && !admitShared(s, p, before)) return;
  const again = ((before >>> level) & 1) === 1;
  s.address[level] = address;
  s.base[level] = iova;
  s.next[level] = 0;
  s.live[level] = live;
  s.again[level] = again ? 1 : 0;
  s.level = level;
  if (again) return;
  s.tables++;
  if (s.onTable !== undefined) {
    const empty = !s.risen && s.partial !== address && isEmpty(s, level);
    s.onTable({ address, level, iova, entryAddress, lo, hi, empty });
  }
  if (live < ENTRIES_PER_TABLE) reportDeadEntries(s, level);
}

/** Enters the table that entry `index` of the current table of `parent` points to. */
export function descend(s: WalkState, parent: number, index: number): void {
  const words = s.windows[parent]?.words as Int32Array;
  const i = (s.at[parent] as number) + 2 * index;
  const lo = words[i] as number;
  const hi = words[i + 1] as number;
  const pointer = {
    level: parent - 1,
    address: pfnOf(s.format, lo, hi) * TABLE_BYTES,
    iova: (s.base[parent] as number) + index * pagesPerEntry(parent),
    entryAddress: (s.address[parent] as number) + index * 8,
    lo,
    hi,
    again: s.again[parent] === 1,
  };
  enterTable(s, pointer, index);
}
