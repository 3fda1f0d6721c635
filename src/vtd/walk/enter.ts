import { logAnomaly, type WalkAnomalyKind } from './anomaly.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from './batch.js';
import { pfnOf } from './format.js';
import { reportDeadEntries } from './scan.js';
import type { TableVisit, WalkState } from './state.js';
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

/**
 * A pointer to a table: an entry of the current table of a level, or the root's, which is none of a table's. Where it
 * leads and what it serves is worked out when something is told of it: an object for each of millions costs more than
 * what is done with it.
 */
export interface TablePointer {
  /** Level of the table that has the entry; that of the table it leads to is one less. */
  readonly parent: number;
  /** Of the entry; -1 for the pointer to the root. */
  readonly index: number;
}

/** The index of the pointer to the root. */
export const ROOT = -1;

/**
 * Logs something about a pointer.
 *
 * @param table byte address of the table that it leads to; -1 where that is not to be named
 * @param iova first page that it concerns, of `pages`
 */
export function sightTable(
  s: WalkState,
  kind: WalkAnomalyKind,
  { parent, index }: TablePointer,
  table: number,
  iova: number,
  pages: number,
): void {
  const words = s.windows[parent]?.words;
  const i = (s.at[parent] as number) + 2 * index;
  const isRoot = index === ROOT;
  logAnomaly(s.log, {
    kind,
    level: parent,
    entryAddress: isRoot ? -1 : (s.address[parent] as number) + index * 8,
    lo: isRoot ? s.rootLo : (words?.[i] as number),
    hi: isRoot ? s.rootHi : (words?.[i + 1] as number),
    bitsLo: 0,
    bitsHi: 0,
    table,
    iova,
    pages,
  });
}

/** Whether the table at `address` is already being walked at a higher level. */
export function isAncestor(s: WalkState, level: number, address: number): boolean {
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

/** Brings a table into its level's window. Returns false when the dump holds nothing of it. */
function loadTable(s: WalkState, p: TablePointer, address: number, iova: number, again: boolean): boolean {
  const { parent, index } = p;
  const level = parent - 1;
  const span = pagesPerEntry(level);
  if (address >= ADDRESS_END) {
    if (!again) sightTable(s, 'table-absent', p, address, iova, ENTRIES_PER_TABLE * span);
    return false;
  }
  // Thousands of walks may end before they reach a table of this level; there is one top table.
  s.windows[level] ??= createTableWindow(level === s.top ? 1 : WINDOW_PAGES);
  const window = s.windows[level];
  let at = wordsOfTable(window, address);
  if (at < 0 && index !== ROOT) {
    const up = adjacentTables(s, parent, index, 1);
    const down = up > 1 ? 1 : adjacentTables(s, parent, index, -1);
    readTables(window, s.memory, address - (down - 1) * TABLE_BYTES, Math.max(up, down));
    at = wordsOfTable(window, address);
  }
  if (at < 0 && readTables(window, s.memory, address, 1) === 1) at = 0;
  if (at < 0) {
    s.partial = address;
    for (const { from, to } of readPartialTable(window, s.memory, address)) {
      if (!again) sightTable(s, 'table-absent', p, address, iova + from * span, (to - from) * span);
    }
    at = wordsOfTable(window, address);
  }
  s.at[level] = at;
  return at >= 0;
}

/**
 * Whether a table that was reached before may be walked again, which it may while the budget lasts.
 *
 * @param before the levels at which it was
 */
function admitShared(
  s: WalkState,
  p: TablePointer,
  before: number,
  address: number,
  iova: number,
  again: boolean,
): boolean {
  const level = p.parent - 1;
  const pages = ENTRIES_PER_TABLE * pagesPerEntry(level);
  if (((before >>> level) & 1) === 0) {
    if (!again) sightTable(s, 'two-levels', p, address, iova, pages);
    return true;
  }
  if (!again) sightTable(s, 'shared-table', p, address, iova, pages);
  if (s.budget <= 0) {
    sightTable(s, 'walk-budget', p, -1, iova, pages);
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

/**
 * Enters the table that entry `index` of the current table of `parent` points to, or the root, unless it is absent, an
 * ancestor of itself, or beyond what may be walked.
 */
export function enterTable(s: WalkState, parent: number, index: number): void {
  const level = parent - 1;
  const span = pagesPerEntry(level);
  let address = s.root;
  let iova = 0;
  let inAgain = false;
  if (index !== ROOT) {
    const words = s.windows[parent]?.words as Int32Array;
    const i = (s.at[parent] as number) + 2 * index;
    address = pfnOf(s.format, words[i] as number, words[i + 1] as number) * TABLE_BYTES;
    iova = (s.base[parent] as number) + index * pagesPerEntry(parent);
    inAgain = s.again[parent] === 1;
  }
  if (isAncestor(s, level, address)) {
    if (!inAgain) sightTable(s, 'loop', { parent, index }, address, iova, ENTRIES_PER_TABLE * span);
    return;
  }
  if (s.memory.budget?.take('tables', TABLE_BYTES) === false) {
    sightTable(s, 'walk-budget', { parent, index }, address, iova, ENTRIES_PER_TABLE * span);
    return;
  }
  const live = Math.min(ENTRIES_PER_TABLE, Math.max(0, Math.ceil((s.iovaEnd - iova) / span)));
  if (!loadTable(s, { parent, index }, address, iova, inAgain)) return;
  const before = visitTable(s.visited, address / TABLE_BYTES, level);
  if (before !== 0 && !admitShared(s, { parent, index }, before, address, iova, inAgain)) return;
  const again = ((before >>> level) & 1) === 1;
  s.address[level] = address;
  s.base[level] = iova;
  s.next[level] = 0;
  s.live[level] = live;
  s.again[level] = again ? 1 : 0;
  s.level = level;
  if (again) return;
  s.tables++;
  if (s.onTable !== undefined) visit(s, s.onTable, parent, index);
  if (live < ENTRIES_PER_TABLE) reportDeadEntries(s, level);
}

/** Tells of the table that was entered. */
function visit(s: WalkState, onTable: (table: TableVisit) => void, parent: number, index: number): void {
  const level = parent - 1;
  const address = s.address[level] as number;
  const isRoot = index === ROOT;
  const words = s.windows[parent]?.words;
  const i = (s.at[parent] as number) + 2 * index;
  onTable({
    address,
    level,
    iova: s.base[level] as number,
    entryAddress: isRoot ? -1 : (s.address[parent] as number) + index * 8,
    lo: isRoot ? s.rootLo : (words?.[i] as number),
    hi: isRoot ? s.rootHi : (words?.[i + 1] as number),
    empty: s.partial !== address && isEmpty(s, level),
  });
}
