/** Tables of level 1 that were read before: each entry a page after the one before, so that the first tells all. */
import type { PhysicalMemory } from '../../memory/physical.js';
import { firstWordAt, type RisingPages, risingPagesOf } from '../../memory/rising-pages.js';
import { ENTRIES_PER_TABLE, ROW_HI, ROW_LO, ROW_WORDS, SPAN_END, SPAN_START } from './batch.js';
import type { EntryFormat } from './format.js';
import { closeRun } from './scan.js';
import type { WalkState } from './state.js';

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

/** Whether a table is one of those, and its entries are present and have no reserved bits; if so, notes its first. */
export function isRisen(s: WalkState, address: number): boolean {
  if (s.rising === undefined || !firstWordAt(s.rising, address, FIRST)) return false;
  const { presentLo, presentHi, leafReservedLo, leafReservedHi } = s.format;
  const lo = FIRST[0] as number;
  const hi = FIRST[1] as number;
  if (((lo & presentLo) | (hi & presentHi)) === 0) return false;
  if (((lo & (leafReservedLo[1] as number)) | (hi & (leafReservedHi[1] as number))) !== 0) return false;
  s.risenLo = lo;
  s.risenHi = hi;
  return true;
}

const FIRST = new Int32Array(2);

/** Takes all entries of the current table, as `scanPageTable` would: as a row, or as more of the last one. */
export function takeRisenTable(s: WalkState): void {
  const { batch, risenLo: lo, risenHi: hi } = s;
  const { rows, spansAt } = batch;
  const base = s.base[1] as number;
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
  s.leaves += ENTRIES_PER_TABLE;
  s.pages += ENTRIES_PER_TABLE;
}

/** Whether a leaf with the low half of the one that a run goes on with is that; at a 4 GiB line the high half has risen. */
function continues({ expectedHi, format }: WalkState, lo: number, hi: number, changeHi: number): boolean {
  if ((lo & ADDRESS_LO) !== 0) return changeHi === 0;
  return hi === ((expectedHi + 1) | 0) && (hi & format.addressHi) !== 0;
}
