/** Tables of level 1 that were read before: each entry a page after the one before, so that the first tells all. */
import type { PhysicalMemory } from '../../memory/physical.js';
import { RISING_CHUNK, type RisingPages, risingPagesOf } from '../../memory/rising-pages.js';
import { ENTRIES_PER_TABLE, ROW_HI, ROW_LO, ROW_WORDS, SPAN_END, SPAN_START } from './batch.js';
import { isAncestor } from './enter.js';
import { type EntryFormat, pfnOf } from './format.js';
import { closeRun } from './scan.js';
import { type TableStretch, visitOf, type WalkState } from './state.js';
import { visitNew } from './visited.js';

const PAGE = 4096;
const FLAGS_LO = PAGE - 1;
const ADDRESS_LO = ~FLAGS_LO;
/** What a table adds to the low half of an address. */
const SPAN_LO = ENTRIES_PER_TABLE * PAGE;

/**
 * The pages of a memory that can be taken for tables without being read.
 *
 * @returns undefined where there are none, or where entries have to be looked at one by one: bits of the low half's
 *   address are reserved, or say whether an entry is present
 */
export function risingTables(
  memory: PhysicalMemory,
  { leafReservedLo, presentLo }: EntryFormat,
): RisingPages | undefined {
  const reservedLo = leafReservedLo[1] as number;
  return ((reservedLo | presentLo) & ADDRESS_LO) === 0 ? risingPagesOf(memory) : undefined;
}

/** @returns room for the tables of one that leads to them */
export function createStretch(): TableStretch {
  return {
    count: 0,
    addresses: new Float64Array(ENTRIES_PER_TABLE),
    iova: 0,
    entryAddress: 0,
    words: NOTHING,
    at: 0,
  };
}

const NOTHING = new Int32Array(0);

/**
 * Takes the next tables of the current one of level 2 as long as they need not be read, and were not met before: all
 * entries of each, as a row or as more of the last one. `enterTable` and `scanPageTable` would do the same, with calls
 * for each table, which costs most where there are tens of thousands and a run ends before they are compiled. The batch
 * must have room for a row a table.
 */
export function takeRisingTables(s: WalkState): void {
  const { rising, format, stretch, visited } = s;
  const { budget } = s.memory;
  if (rising === undefined || s.again[2] === 1) return;
  const words = s.windows[2]?.words as Int32Array;
  const from = s.next[2] as number;
  const first = (s.at[2] as number) + 2 * from;
  const base = (s.base[2] as number) + from * ENTRIES_PER_TABLE;
  // A table that serves input addresses beyond the width has entries to be told of.
  const whole = Math.floor((s.iovaEnd - base) / ENTRIES_PER_TABLE);
  const most = Math.min((s.live[2] as number) - from, whole);
  const { presentLo, presentHi, tableReservedLo, tableReservedHi, leafReservedLo, leafReservedHi } = format;
  const otherLo =
    (tableReservedLo[2] as number) | (((format.largeLevels >>> 2) & 1) === 1 ? format.largeLo : 0);
  const otherHi = tableReservedHi[2] as number;
  const reservedLo = leafReservedLo[1] as number;
  const reservedHi = leafReservedHi[1] as number;
  const { addresses } = stretch;
  let chunk: Int32Array | undefined;
  let chunkIndex = -1;
  let count = 0;
  for (; count < most; count++) {
    const i = first + 2 * count;
    const entryLo = words[i] as number;
    const entryHi = words[i + 1] as number;
    if (((entryLo & presentLo) | (entryHi & presentHi)) === 0) break;
    if (((entryLo & otherLo) | (entryHi & otherHi)) !== 0) break;
    const page = pfnOf(format, entryLo, entryHi);
    const index = Math.floor(page / RISING_CHUNK);
    if (index !== chunkIndex) {
      chunk = rising.get(index);
      chunkIndex = index;
    }
    if (chunk === undefined) break;
    const word = 2 * (page - index * RISING_CHUNK);
    const lo = chunk[word] as number;
    const hi = chunk[word + 1] as number;
    if (((lo & presentLo) | (hi & presentHi)) === 0) break;
    if (((lo & reservedLo) | (hi & reservedHi)) !== 0) break;
    const address = page * PAGE;
    if (isAncestor(s, 1, address) || !visitNew(visited, page, 1)) break;
    // Where that is refused once it always is: nobody asks again whether the table was visited.
    if (budget?.take('tables', PAGE) === false) break;
    addresses[count] = address;
    takeRising(s, lo, hi, base + count * ENTRIES_PER_TABLE);
  }
  if (count === 0) return;
  s.next[2] = from + count;
  s.tables += count;
  s.leaves += count * ENTRIES_PER_TABLE;
  s.pages += count * ENTRIES_PER_TABLE;
  stretch.count = count;
  stretch.iova = base;
  stretch.entryAddress = (s.address[2] as number) + from * 8;
  stretch.words = words;
  stretch.at = first;
  if (s.onTables !== undefined) s.onTables(stretch);
  else if (s.onTable !== undefined) for (let nth = 0; nth < count; nth++) s.onTable(visitOf(stretch, nth));
}

/** Takes the entries of one table that serves the pages from `base` on, by its first. */
function takeRising(s: WalkState, lo: number, hi: number, base: number): void {
  const { batch } = s;
  const { rows, spansAt } = batch;
  const isFirst = s.openLevel === 0;
  const changeLo = isFirst ? 0 : lo ^ s.expectedLo;
  const changeHi = isFirst ? 0 : hi ^ s.expectedHi;
  const follows = s.open && s.openEnd === base && s.openLevel === 1;
  if (!(follows && changeLo === 0 && continues(s, lo, hi, changeHi))) {
    if (s.open) closeRun(s);
    const to = batch.length * ROW_WORDS;
    if (to === 0) batch.first = base;
    rows[to + ROW_LO] = lo;
    rows[to + ROW_HI] = hi;
    rows[spansAt + to + SPAN_START] = base - batch.base;
    rows[spansAt + to + SPAN_END] = base + ENTRIES_PER_TABLE - batch.base;
    batch.length++;
  }
  s.diffLo |= changeLo;
  s.diffHi |= changeHi;
  s.open = true;
  s.openLevel = 1;
  s.openEnd = base + ENTRIES_PER_TABLE;
  s.expectedLo = (lo + SPAN_LO) | 0;
  s.expectedHi = hi;
}

/** Whether a leaf with the low half of the one that a run goes on with is that; at a 4 GiB line the high half has risen. */
function continues({ expectedHi, format }: WalkState, lo: number, hi: number, changeHi: number): boolean {
  if ((lo & ADDRESS_LO) !== 0) return changeHi === 0;
  return hi === ((expectedHi + 1) | 0) && (hi & format.addressHi) !== 0;
}
