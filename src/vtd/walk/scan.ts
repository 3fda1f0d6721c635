import { logAnomaly, type WalkAnomalyKind } from './anomaly.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from './batch.js';
import { accessOf, type EntryFormat, pfnOf } from './format.js';
import type { WalkState } from './state.js';

/** Bytes from one leaf of a level-1 run to the next. */
const PAGE = 4096;
/** The address in the low half of an entry. */
const ADDRESS_LO = 0xfffff000;
/** From here on the low half of a level-1 leaf can overflow within one table page. */
const NEAR_CARRY = 0xffe00000;

/**
 * Where a run of level-1 leaves must end: it is followed in the low half alone, so not behind a 4 GiB line; nor
 * at all where address bits of the low half may be reserved (a host address width below 32).
 *
 * @param first word of the first leaf, whose low half is `lo`
 * @returns the word behind the last possible leaf
 */
function runEnd(first: number, lo: number, plain: boolean): number {
  return plain ? first + 2 * leavesBeforeCarry(lo, 12) : first + 2;
}

/** Logs something about the entry at word `i` of the current table of `level`. */
function sight(
  s: WalkState,
  kind: WalkAnomalyKind,
  level: number,
  i: number,
  bitsLo: number,
  bitsHi: number,
  entries: number,
): void {
  const words = s.windows[level]?.words as Int32Array;
  const index = (i - (s.at[level] as number)) >> 1;
  const span = pagesPerEntry(level);
  logAnomaly(s.log, {
    kind,
    level,
    entryAddress: (s.address[level] as number) + index * 8,
    lo: words[i] as number,
    hi: words[i + 1] as number,
    bitsLo,
    bitsHi,
    table: -1,
    iova: (s.base[level] as number) + index * span,
    pages: span * entries,
  });
}

/** Sorts the reserved bits that a present entry has set by what is wrong with it, and logs each kind once. */
function invalidEntry(s: WalkState, level: number, i: number, badLo: number, badHi: number): void {
  if (s.again[level] === 1) return;
  const { format } = s;
  const wideLo = badLo & format.beyondWidthLo;
  const wideHi = badHi & format.beyondWidthHi;
  if ((wideLo | wideHi) !== 0) sight(s, 'address-width', level, i, wideLo, wideHi, 1);
  const sizeBit = level > 1 ? badLo & format.largeLo : 0;
  if (sizeBit !== 0) sight(s, 'page-size', level, i, sizeBit, 0, 1);
  // What is left of the address field of a leaf are the bits below its size.
  const lowLo = badLo & ~wideLo & ADDRESS_LO;
  if (lowLo !== 0) sight(s, 'misaligned-leaf', level, i, lowLo, 0, 1);
  const restLo = badLo & ~(wideLo | sizeBit | lowLo);
  const restHi = badHi & ~wideHi;
  if ((restLo | restHi) !== 0) sight(s, 'reserved-bits', level, i, restLo, restHi, 1);
}

/** Logs the entries of a table that are not present but not zero: outside the hot loop, in a second pass. */
function staleEntries(s: WalkState, level: number, from: number, end: number): void {
  if (s.again[level] === 1) return;
  const words = s.windows[level]?.words as Int32Array;
  const { presentLo, presentHi } = s.format;
  for (let i = from; i < end; i += 2) {
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    if ((lo | hi) !== 0 && ((lo & presentLo) | (hi & presentHi)) === 0) {
      sight(s, 'not-present', level, i, 0, 0, 1);
    }
  }
}

/** Logs the present entries of the current table of `level` that lie beyond the usable IOVA width. */
export function reportDeadEntries(s: WalkState, level: number): void {
  const words = s.windows[level]?.words as Int32Array;
  const { presentLo, presentHi } = s.format;
  const at = s.at[level] as number;
  for (let index = s.live[level] as number; index < ENTRIES_PER_TABLE; index++) {
    const i = at + 2 * index;
    if ((((words[i] as number) & presentLo) | ((words[i + 1] as number) & presentHi)) !== 0) {
      sight(s, 'beyond-width', level, i, 0, 0, 1);
    }
  }
}

/**
 * A run is followed by adding to the low half alone, so it must end before that overflows into the high half.
 *
 * @returns how many leaves of 2^shift bytes there are from the one with low half `lo` up to the next 4 GiB line
 */
function leavesBeforeCarry(lo: number, shift: number): number {
  return 2 ** (32 - shift) - (lo >>> shift);
}

/**
 * The hot loop: takes the present entries of the level-1 table at word `at` into the batch, as runs. All
 * state is in locals and typed arrays. The batch must have room for a whole table.
 */
export function scanPageTable(s: WalkState): void {
  const words = s.windows[1]?.words as Int32Array;
  const { batch, format } = s;
  const { iova, target, count, level, access, lo: los, hi: his } = batch;
  const { presentLo, presentHi, permissionLo, permissionHi, permissionShift, addressHi } = format;
  const reservedLo = format.leafReservedLo[1] as number;
  const reservedHi = format.leafReservedHi[1] as number;
  const plain = (reservedLo & ADDRESS_LO) === 0;
  const at = s.at[1] as number;
  const live = at + 2 * (s.live[1] as number);
  const base = s.base[1] as number;
  let n = batch.length;
  let leaves = 0;
  let stale = 0;
  let i = at;
  while (i < live) {
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    if (((lo & presentLo) | (hi & presentHi)) === 0) {
      stale |= lo | hi;
      i += 2;
      continue;
    }
    const badLo = lo & reservedLo;
    const badHi = hi & reservedHi;
    if ((badLo | badHi) !== 0) {
      invalidEntry(s, 1, i, badLo, badHi);
      i += 2;
      continue;
    }
    const first = i;
    const stop = plain && lo >>> 0 < NEAR_CARRY ? live : Math.min(live, runEnd(i, lo, plain));
    i += 2;
    let expected = (lo + PAGE) | 0;
    while (i < stop && words[i] === expected && words[i + 1] === hi) {
      i += 2;
      expected = (expected + PAGE) | 0;
    }
    // pfnOf and accessOf, spelled out: a call for each, or branches, cost as much as the rest of the loop.
    iova[n] = base + ((first - at) >> 1);
    target[n] = (hi & addressHi) * 0x100000 + (lo >>> 12);
    count[n] = (i - first) >> 1;
    level[n] = 1;
    access[n] = (((lo & permissionLo) | (hi & permissionHi)) >>> permissionShift) & 3;
    los[n] = lo;
    his[n] = hi;
    leaves += (i - first) >> 1;
    n++;
  }
  batch.length = n;
  s.leaves += leaves;
  s.pages += leaves;
  if (stale !== 0) staleEntries(s, 1, at, live);
}

/** Takes the run of large leaves that starts at word `first` into the batch; returns the word behind it. */
function takeLargeLeaves(s: WalkState, level: number, first: number, end: number): number {
  const words = s.windows[level]?.words as Int32Array;
  const { batch, format } = s;
  const lo = words[first] as number;
  const hi = words[first + 1] as number;
  const shift = 12 + 9 * (level - 1);
  const step = shift < 32 ? 1 << shift : 0;
  let stop = first + 2;
  if (step !== 0) stop = Math.min(first + 2 * leavesBeforeCarry(lo, shift), end);
  let i = first + 2;
  let expected = (lo + step) | 0;
  while (i < stop && words[i] === expected && words[i + 1] === hi) {
    if ((expected & (format.leafReservedLo[level] as number)) !== 0) break;
    i += 2;
    expected = (expected + step) | 0;
  }
  const count = (i - first) >> 1;
  const n = batch.length++;
  const span = pagesPerEntry(level);
  const pfn = pfnOf(format, lo, hi);
  batch.iova[n] = (s.base[level] as number) + ((first - (s.at[level] as number)) >> 1) * span;
  // The low bits of the address field of a large leaf are reserved or attributes, never address.
  batch.target[n] = pfn - (pfn % span);
  batch.count[n] = count;
  batch.level[n] = level;
  batch.access[n] = accessOf(format, lo, hi);
  batch.lo[n] = lo;
  batch.hi[n] = hi;
  s.leaves += count;
  s.pages += count * span;
  return i;
}

/** Whether an entry above level 1 is a leaf. */
export function isLargeLeaf(format: EntryFormat, level: number, lo: number): boolean {
  return (lo & format.largeLo) !== 0 && ((format.largeLevels >>> level) & 1) === 1;
}

/**
 * Goes on in the current table of a level above 1: takes its leaves into the batch until an entry points to a
 * table. The batch must have room for a whole table.
 *
 * @returns the index of that entry (the next call goes on behind it), or -1 at the end of the table
 */
export function scanDirectory(s: WalkState, level: number): number {
  const words = s.windows[level]?.words as Int32Array;
  const { format } = s;
  const { presentLo, presentHi } = format;
  const at = s.at[level] as number;
  const end = at + 2 * (s.live[level] as number);
  const start = at + 2 * (s.next[level] as number);
  let stale = 0;
  let child = -1;
  let i = start;
  while (i < end && child < 0) {
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    if (((lo & presentLo) | (hi & presentHi)) === 0) {
      stale |= lo | hi;
      i += 2;
      continue;
    }
    const leaf = isLargeLeaf(format, level, lo);
    const badLo = lo & ((leaf ? format.leafReservedLo[level] : format.tableReservedLo[level]) as number);
    const badHi = hi & ((leaf ? format.leafReservedHi[level] : format.tableReservedHi[level]) as number);
    if ((badLo | badHi) !== 0) {
      invalidEntry(s, level, i, badLo, badHi);
      i += 2;
    } else if (leaf) {
      i = takeLargeLeaves(s, level, i, end);
    } else {
      child = (i - at) >> 1;
      i += 2;
    }
  }
  s.next[level] = (i - at) >> 1;
  if (stale !== 0) staleEntries(s, level, start, i);
  return child;
}
