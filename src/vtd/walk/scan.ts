import { LITTLE_ENDIAN_HOST } from '../../memory/host-order.js';
import { logAnomaly, type WalkAnomalyKind } from './anomaly.js';
import {
  ENTRIES_PER_TABLE,
  pagesPerEntry,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  SPAN_END,
  SPAN_START,
} from './batch.js';
import { type EntryFormat, pfnOf } from './format.js';
import type { WalkState } from './state.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const WORDS = ROW_WORDS;
const LO = ROW_LO;
const HI = ROW_HI;
const START = SPAN_START;
const END = SPAN_END;

/** Bytes from one leaf of a level-1 run to the next. */
const PAGE = 4096;
/** The address in the low half of an entry. */
const ADDRESS_LO = 0xfffff000 | 0;
const FLAGS_LO = ~ADDRESS_LO;
/**
 * An entry read as a double is a whole multiple of the smallest one, 2^-1074, as long as bits 62:53 are 0: what
 * is added to it is added to the entry's bits, exactly, and equal doubles are equal bits. Bit 63 is the sign.
 */
const WHOLE_PAGE = PAGE * 2 ** -1074;
/** The high half of such an entry, without the sign and shifted left by one, is below this. */
const WHOLE_HI = 0x200000 << 1;

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

/** Logs the present entries of the current table of `level` that are beyond the usable IOVA width. */
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
 * How far the leaves from entry `k` on continue one another; all but up to three of them.
 *
 * @param last four entries after it may be read
 * @returns the last entry that does
 */
function endOfStretch(entries: Float64Array, k: number, last: number, page: number): number {
  const two = page + page;
  const three = two + page;
  const four = two + two;
  let at = k;
  let here = entries[at] as number;
  while (at <= last) {
    if (entries[at + 1] !== here + page) return at;
    if (entries[at + 2] !== here + two) return at + 1;
    if (entries[at + 3] !== here + three) return at + 2;
    here += four;
    if (entries[at + 4] !== here) return at + 3;
    at += 4;
  }
  return at;
}

/**
 * How far the leaves after a sound one have its flags and do not continue one another. Notes in which bits of the
 * high half they differ.
 *
 * @param i the sound leaf's word
 * @param end words from here on are not looked at
 * @param keptLo bits that none of them may change; `fixedHi` the same of the high half
 * @returns the word after the last of them
 */
function endOfApart(
  s: WalkState,
  words: Int32Array,
  i: number,
  end: number,
  keptLo: number,
  fixedHi: number,
): number {
  const lo = words[i] as number;
  const hi = words[i + 1] as number;
  let before = lo;
  let differing = 0;
  let at = (i + 2) | 0;
  for (const most = (end - 8) | 0; at <= most; at = (at + 8) | 0) {
    const a = words[at] as number;
    const b = words[(at + 2) | 0] as number;
    const c = words[(at + 4) | 0] as number;
    const d = words[(at + 6) | 0] as number;
    const high =
      ((words[(at + 1) | 0] as number) ^ hi) |
      ((words[(at + 3) | 0] as number) ^ hi) |
      ((words[(at + 5) | 0] as number) ^ hi) |
      ((words[(at + 7) | 0] as number) ^ hi);
    const low = (a ^ lo) | (b ^ lo) | (c ^ lo) | (d ^ lo);
    if (((low & keptLo) | (high & fixedHi)) !== 0) break;
    if (a === ((before + PAGE) | 0) || b === ((a + PAGE) | 0)) break;
    if (c === ((b + PAGE) | 0) || d === ((c + PAGE) | 0)) break;
    differing |= high;
    before = d;
  }
  for (; at < end; at = (at + 2) | 0) {
    const next = words[at] as number;
    const high = (words[(at + 1) | 0] as number) ^ hi;
    if ((((next ^ lo) & keptLo) | (high & fixedHi)) !== 0 || next === ((before + PAGE) | 0)) break;
    differing |= high;
    before = next;
  }
  s.diffHi |= differing;
  return at;
}

/** Spans of single pages that follow one another, from 0 on, as they are in a batch: more than one has room for. */
const STEPS = Int32Array.from({ length: 2 * 8192 }, (_, i) => (i + 1) >> 1);
/** Fewer leaves are faster taken one by one. */
const LEAST_COPIED = 16;

/**
 * Takes leaves that are apart, as a row each.
 *
 * @param to word of the first row, `spans` where its span is less that
 * @param from word of the first leaf, `end` the one after the last
 * @param offset IOVA page of the first, after the batch's base
 * @returns the word of the next row
 */
function takeApart(
  rows: Int32Array,
  to: number,
  spans: number,
  words: Int32Array,
  from: number,
  end: number,
  offset: number,
): number {
  const next = (to + end - from) | 0;
  const steps = 2 * offset;
  if (end - from >= 2 * LEAST_COPIED && steps + end - from <= STEPS.length) {
    rows[spans + to + END - WORDS] = offset;
    rows.set(words.subarray(from, end), to);
    rows.set(STEPS.subarray(steps, steps + end - from), spans + to);
    return next;
  }
  let page = offset | 0;
  for (let row = to | 0; row < next; row = (row + WORDS) | 0) {
    const i = (from + row - to) | 0;
    const span = (spans + row) | 0;
    rows[(span + (END - WORDS)) | 0] = page;
    rows[(row + LO) | 0] = words[i] as number;
    rows[(row + HI) | 0] = words[(i + 1) | 0] as number;
    rows[(span + START) | 0] = page;
    page = (page + 1) | 0;
  }
  return next;
}

/**
 * The hot loop: takes the present entries of the current level-1 table into the batch, as runs. V8 checks the
 * map and loads base and length of every array anew in each round of a loop, so there is one array that is
 * read and one that is written, and all that is computed stays within 32 bits. The batch must have room for a
 * whole table, and its base must be at most 2^29 pages below.
 *
 * A leaf that is what the one before leads to costs one test: the run's first leaf was checked, and only the
 * address differs. Everything else, also a run that crosses a 4 GiB line, takes the long way.
 */
export function scanPageTable(s: WalkState): void {
  const words = s.windows[1]?.words as Int32Array;
  const entries = s.windows[1]?.entries as Float64Array;
  const { batch, format } = s;
  const { rows } = batch;
  const spans = batch.spansAt | 0;
  const presentLo = format.presentLo | 0;
  const presentHi = format.presentHi | 0;
  const addressHi = format.addressHi | 0;
  const reservedLo = (format.leafReservedLo[1] as number) | 0;
  const reservedHi = (format.leafReservedHi[1] as number) | 0;
  const at = s.at[1] as number;
  const live = at + 2 * (s.live[1] as number);
  const base = s.base[1] as number;
  if (s.openLevel === 0) expectFirst(s, words, at);
  const continued = s.open && s.openEnd === base && s.openLevel === 1;
  if (s.open && !continued) closeRun(s);
  /** Half the distance of a word from here is the offset of its IOVA. */
  const origin = (at - 2 * (base - batch.base)) | 0;
  // Bits outside the address that a leaf with the flags of the one before cannot have changed.
  const fixedHi = ~(addressHi & ~reservedHi);
  let unseen = s.openLevel === 1 ? 0 : 1;
  let to = (batch.length * WORDS) | 0;
  let { diffLo, diffHi } = s;
  // Where the last row ends, as a word; and what its next leaf would be.
  let lastAt = at;
  if (!continued) lastAt = to === 0 ? -2 : (origin + 2 * (rows[spans + to + END - WORDS] as number)) | 0;
  let expectedLo = s.expectedLo | 0;
  let expectedHi = s.expectedHi | 0;
  // A run that was closed does not go on, even if the next leaf would fit.
  if (!continued && lastAt === at) expectedLo = ~(words[at] as number);
  // Where address bits of the low half are reserved (a host address width below 32), each leaf is looked at.
  const mostTogether = (reservedLo & ADDRESS_LO) === 0 && LITTLE_ENDIAN_HOST ? live - 2 : -1;
  // What the leaf after a sound one may not change, to be sound as well.
  const keptLo = FLAGS_LO | reservedLo;
  let passed = 0;
  let stale = 0;
  for (let i = at | 0; i < live; i = (i + 2) | 0) {
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    const changeLo = lo ^ expectedLo;
    const changeHi = hi ^ expectedHi;
    const badAddress = lo & reservedLo;
    if ((changeLo | changeHi | (i ^ lastAt) | badAddress) === 0 && (lo & ADDRESS_LO) !== 0) {
      // Up to the next 4 GiB line, entries are looked at as wholes.
      const last = Math.min(mostTogether, i + 2 * (0xfffff - (lo >>> 12))) - 8;
      if (i <= last && (hi << 1) >>> 0 < WHOLE_HI) {
        const from = i;
        i = endOfStretch(entries, i >> 1, last >> 1, hi < 0 ? -WHOLE_PAGE : WHOLE_PAGE) << 1;
        expectedLo = (lo + ((i - from) >> 1) * PAGE + PAGE) | 0;
      } else {
        expectedLo = (lo + PAGE) | 0;
      }
    } else {
      // With the flags of the leaf before, which was sound, it is present and has no other reserved bits.
      if (((changeLo & FLAGS_LO) | (changeHi & fixedHi) | badAddress | unseen) !== 0) {
        if (((lo & presentLo) | (hi & presentHi)) === 0) {
          stale |= lo | hi;
          passed = (passed + 1) | 0;
          continue;
        }
        const badHi = hi & reservedHi;
        if ((badAddress | badHi) !== 0) {
          invalidEntry(s, 1, i, badAddress, badHi);
          passed = (passed + 1) | 0;
          continue;
        }
        unseen = 0;
      }
      // Equal low halves at a 4 GiB line: the run goes on if the high half rose, within the address.
      const carried =
        changeLo === 0 &&
        (lo & ADDRESS_LO) === 0 &&
        i === lastAt &&
        hi === ((expectedHi + 1) | 0) &&
        (hi & addressHi) !== 0;
      if (!carried) {
        const span = (spans + to) | 0;
        rows[(span + (END - WORDS)) | 0] = (lastAt - origin) >> 1;
        rows[(to + LO) | 0] = lo;
        rows[(to + HI) | 0] = hi;
        rows[(span + START) | 0] = (i - origin) >> 1;
        to = (to + WORDS) | 0;
      }
      diffLo |= changeLo;
      diffHi |= changeHi;
      expectedHi = hi;
      expectedLo = (lo + PAGE) | 0;
      // Where pages are apart, the next leaves mostly differ from this one in their address only.
      const from = (i + 2) | 0;
      if (from < live && words[from] !== expectedLo) {
        const end = endOfApart(s, words, i, live, keptLo, fixedHi);
        if (end > from) {
          to = takeApart(rows, to, spans, words, from, end, (from - origin) >> 1);
          i = (end - 2) | 0;
          expectedLo = ((words[i] as number) + PAGE) | 0;
          expectedHi = words[i + 1] as number;
        }
      }
    }
    lastAt = (i + 2) | 0;
  }
  const leaves = ((live - at) >> 1) - passed;
  if (batch.length === 0 && to > 0) batch.first = batch.base + (rows[spans + START] as number);
  batch.length = to / WORDS;
  s.diffLo = diffLo;
  s.diffHi |= diffHi;
  if (leaves > 0) {
    s.open = true;
    s.openLevel = 1;
    s.openEnd = base + ((lastAt - at) >> 1);
    s.expectedLo = expectedLo;
    s.expectedHi = expectedHi;
  }
  s.leaves += leaves;
  s.pages += leaves;
  if (stale !== 0) staleEntries(s, 1, at, live);
}

/** Before the first leaf of a walk there is none that it could differ from: it is taken for its own predecessor. */
function expectFirst(s: WalkState, words: Int32Array, at: number): void {
  const { presentLo, presentHi } = s.format;
  for (let i = at; i < at + 2 * ENTRIES_PER_TABLE; i += 2) {
    const lo = words[i] as number;
    const hi = words[i + 1] as number;
    if (((lo & presentLo) | (hi & presentHi)) === 0) continue;
    s.expectedLo = lo;
    s.expectedHi = hi;
    return;
  }
}

/** Ends the run that is open: no leaf continues it. */
export function closeRun(s: WalkState): void {
  const { batch } = s;
  batch.rows[batch.spansAt + (batch.length - 1) * WORDS + END] = s.openEnd - batch.base;
  s.open = false;
}

/** Takes one large leaf, at word `i` of the current table, into the batch. */
function takeLargeLeaf(s: WalkState, level: number, i: number): void {
  const words = s.windows[level]?.words as Int32Array;
  const { batch, format } = s;
  const lo = words[i] as number;
  const hi = words[i + 1] as number;
  const span = pagesPerEntry(level);
  const iova = (s.base[level] as number) + ((i - (s.at[level] as number)) >> 1) * span;
  const continues =
    s.open &&
    s.openLevel === level &&
    s.openEnd === iova &&
    lo === s.expectedLo &&
    hi === s.expectedHi &&
    // After the last address comes none, least of all 0.
    pfnOf(format, lo, hi) >= span;
  if (!continues) {
    if (s.open) closeRun(s);
    if (batch.length === 0) batch.first = iova;
    const to = batch.length * WORDS;
    batch.level[batch.length++] = level;
    batch.rows[to + LO] = lo;
    batch.rows[to + HI] = hi;
    batch.rows[batch.spansAt + to + START] = iova - batch.base;
    batch.small = false;
  }
  if (s.openLevel !== 0) {
    s.diffLo |= lo ^ s.expectedLo;
    s.diffHi |= hi ^ s.expectedHi;
  }
  s.open = true;
  s.openLevel = level;
  s.openEnd = iova + span;
  const step = span * PAGE;
  const next = (lo >>> 0) + (step % 2 ** 32);
  s.expectedLo = next | 0;
  s.expectedHi = (hi + Math.floor(step / 2 ** 32) + (next < 2 ** 32 ? 0 : 1)) | 0;
  // A leaf that is the expected one may have another high half all the same: after a 4 GiB line.
  s.diffHi |= hi ^ s.expectedHi;
  s.leaves++;
  s.pages += span;
}

/** Whether an entry above level 1 is a leaf. */
export function isLargeLeaf(format: EntryFormat, level: number, lo: number): boolean {
  return (lo & format.largeLo) !== 0 && ((format.largeLevels >>> level) & 1) === 1;
}

/**
 * Goes on in the current table of a level above 1: takes its leaves into the batch until an entry points to a
 * table. The batch must have room for a whole table.
 *
 * @returns the index of that entry (the next call continues after it), or -1 at the end of the table
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
      takeLargeLeaf(s, level, i);
      i += 2;
    } else {
      child = (i - at) >> 1;
      i += 2;
    }
  }
  s.next[level] = (i - at) >> 1;
  if (stale !== 0) staleEntries(s, level, start, i);
  return child;
}
