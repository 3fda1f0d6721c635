import { tellShare } from '../../memory/work.js';
import { anomaliesOf, createAnomalyLog, type WalkAnomaly } from './anomaly.js';
import {
  createLeafBatch,
  ENTRIES_PER_TABLE,
  forgetDerived,
  type LeafBatch,
  pagesPerEntry,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  SPAN_START,
} from './batch.js';
import { enterTable, ROOT, sightTable } from './enter.js';
import { createStretch, risingTables, takeRisingTables } from './rising.js';
import { closeRun, scanDirectory, scanPageTable } from './scan.js';
import { SHARED_TABLE_BUDGET, type WalkRequest, type WalkState } from './state.js';
import { createVisitedTables } from './visited.js';
import { TABLE_BYTES } from './window.js';

/** Rows of a batch: what fits the second-level cache. */
const BATCH_ROWS = 4096;
/** IOVA pages that the tables of a batch may be apart: twice that, and what the last one spans, fits 31 bits. */
const BATCH_PAGES = 2 ** 29;

/** What a walk found, besides the leaves. */
export interface WalkReport {
  /** Leaves listed, those of shared tables once per IOVA. */
  readonly leaves: number;
  /** 4 KiB pages that these leaves map. */
  readonly pages: number;
  /** Distinct (table page, level) pairs. */
  readonly tables: number;
  /** Table pages that were walked again because several entries point to them. */
  readonly sharedWalks: number;
  readonly anomalies: readonly WalkAnomaly[];
}

/** A walk in progress. */
export interface Walk {
  /**
   * The leaves in IOVA order, in batches that the walk reuses: each must be consumed before the next is
   * asked for. Can be iterated once; stopping early is fine.
   */
  readonly batches: Iterable<LeafBatch>;
  /** @returns what was found so far; complete once `batches` has ended */
  report(): WalkReport;
}

function createState(request: WalkRequest): WalkState {
  const { memory, format, levels, inputWidth, onTable, onTables } = request;
  const root = BigInt.asUintN(64, BigInt(request.root));
  const width = Math.min(12 + 9 * levels, inputWidth ?? Number.POSITIVE_INFINITY);
  const slots = format.maxLevel + 2;
  return {
    memory,
    format,
    onTable,
    onTables,
    iovaEnd: 2 ** Math.max(0, width - 12),
    top: levels,
    root: Number(root >> 12n) * TABLE_BYTES,
    rootLo: Number(BigInt.asIntN(32, root)),
    rootHi: Number(BigInt.asIntN(32, root >> 32n)),
    batch: createLeafBatch(BATCH_ROWS, format),
    log: createAnomalyLog(),
    visited: createVisitedTables(),
    windows: Array.from({ length: slots }, () => undefined),
    at: new Int32Array(slots),
    address: new Float64Array(slots),
    base: new Float64Array(slots),
    next: new Int32Array(slots),
    live: new Int32Array(slots),
    again: new Uint8Array(slots),
    rising: risingTables(memory, format),
    stretch: createStretch(),
    open: false,
    openLevel: 0,
    openEnd: 0,
    expectedLo: 0,
    expectedHi: 0,
    diffLo: 0,
    diffHi: 0,
    partial: -1,
    given: 0,
    level: levels,
    budget: request.sharedTableBudget ?? SHARED_TABLE_BUDGET,
    leaves: 0,
    pages: 0,
    tables: 0,
    sharedWalks: 0,
  };
}

/** Leaves the current table for the one above it. */
function ascend(s: WalkState): void {
  s.address[s.level] = -1;
  s.level++;
}

/** Gives up the rest of a table that is being walked again: all that it points to was walked before. */
function skipRest(s: WalkState, level: number): void {
  const index = s.next[level] as number;
  const rest = (s.live[level] as number) - index;
  const span = pagesPerEntry(level);
  const iova = (s.base[level] as number) + index * span;
  if (rest > 0) sightTable(s, 'walk-budget', { parent: level, index }, -1, iova, rest * span);
  ascend(s);
}

/** Walks on until the batch has no room for another table (true) or the walk is over (false). */
function advance(s: WalkState): boolean {
  const { batch } = s;
  const room = BATCH_ROWS - ENTRIES_PER_TABLE;
  while (s.level <= s.top) {
    if (batch.length > room) return true;
    const { level } = s;
    const base = s.base[level] as number;
    if (batch.length === 0) batch.base = base;
    else if (base - batch.base > BATCH_PAGES) {
      if (s.open && s.openEnd < base) closeRun(s);
      return true;
    }
    if (level > 1 && s.again[level] === 1 && s.budget <= 0) {
      skipRest(s, level);
      continue;
    }
    if (level === 1) {
      scanPageTable(s);
      ascend(s);
      continue;
    }
    if (level === 2) takeRisingTables(s);
    const child = scanDirectory(s, level);
    if (child < 0) ascend(s);
    else enterTable(s, level, child);
  }
  return false;
}

/** Enters the root, or logs why that cannot be done and ends the walk. */
function enterRoot(s: WalkState): void {
  const { top, root, rootLo } = s;
  const parent = top + 1;
  s.address.fill(-1);
  s.level = parent;
  const p = { parent, index: ROOT };
  if (!Number.isInteger(top) || top < 2 || top > Math.min(5, s.format.maxLevel)) {
    sightTable(s, 'unsupported-levels', p, root, 0, 0);
    return;
  }
  const pages = ENTRIES_PER_TABLE * pagesPerEntry(top);
  if ((rootLo & 0xfff) !== 0) sightTable(s, 'misaligned-root', p, root, 0, pages);
  enterTable(s, parent, ROOT);
}

/**
 * Makes the batch ready to be given out.
 *
 * @returns whether its last row remains, because the next table may continue it
 */
function completeBatch(s: WalkState, more: boolean): boolean {
  const { batch } = s;
  const keep = more && s.open;
  if (keep) batch.length--;
  else if (s.open) closeRun(s);
  const kept = keep ? s.openEnd - rowStart(batch, batch.length) : 0;
  batch.totalPages = s.pages - kept - s.given;
  s.given = s.pages - kept;
  const lo = batch.rows[ROW_LO] as number;
  const hi = batch.rows[ROW_HI] as number;
  batch.orLo = lo | s.diffLo;
  batch.orHi = hi | s.diffHi;
  batch.andLo = lo & ~s.diffLo;
  batch.andHi = hi & ~s.diffHi;
  batch.maximal = true;
  batch.serial++;
  forgetDerived(batch);
  return keep;
}

/** IOVA of a row that may not have ended. */
function rowStart({ first, base, rows, spansAt }: LeafBatch, row: number): number {
  return row === 0 ? first : base + (rows[spansAt + row * ROW_WORDS + SPAN_START] as number);
}

/** Empties the batch except for the remaining row. */
function resetBatch(s: WalkState, kept: boolean): void {
  const { batch } = s;
  const { rows } = batch;
  const from = batch.length;
  const level = batch.level[from] as number;
  if (!batch.small) batch.level.fill(1);
  batch.length = 0;
  batch.small = true;
  s.diffLo = 0;
  // A run that crossed a 4 GiB line had several high halves: what differs between them is among what differed.
  const crossed = kept && (rows[from * ROW_WORDS + ROW_HI] as number) !== s.expectedHi;
  if (!crossed) s.diffHi = 0;
  if (!kept) return;
  batch.first = rowStart(batch, from);
  batch.base = s.openEnd;
  batch.length = 1;
  batch.level[0] = level;
  batch.small = level === 1;
  rows[ROW_LO] = rows[from * ROW_WORDS + ROW_LO] as number;
  rows[ROW_HI] = rows[from * ROW_WORDS + ROW_HI] as number;
}

function* batchesOf(s: WalkState): Generator<LeafBatch, void> {
  enterRoot(s);
  const share = () => shareOf(s);
  for (let more = true; more; ) {
    more = advance(s);
    const kept = completeBatch(s, more);
    tellShare(share);
    if (s.batch.length > 0) yield s.batch;
    resetBatch(s, kept);
  }
}

/** How much of the walk is done: of the entries of the tables on the way, at the levels that lead to tables. */
function shareOf({ format, windows, at, next, live, top }: WalkState): number {
  let done = 0;
  let part = 1;
  for (let level = top; level >= 2; level--) {
    const words = windows[level]?.words;
    if (words === undefined) break;
    const start = at[level] as number;
    let present = 0;
    let before = 0;
    for (let index = 0; index < (live[level] as number); index++) {
      const lo = words[start + 2 * index] as number;
      const hi = words[start + 2 * index + 1] as number;
      if (((lo & format.presentLo) | (hi & format.presentHi)) === 0) continue;
      present++;
      // The entry before the next one is that of the table in hand.
      if (index < (next[level] as number) - 1) before++;
    }
    if (present === 0) break;
    done += (part * before) / present;
    // At its end: what is kept of lower levels is of tables before.
    if (before === present) break;
    part /= present;
  }
  return done;
}

/**
 * Walks a table from its root, in IOVA order, with an explicit stack; memory is constant but for the set of
 * table pages seen (4 to 128 bytes each). Every (table page, level) is walked once; a table that is reached
 * again is listed again for its other IOVAs until `sharedTableBudget` is spent, and a table that is its own
 * ancestor is not followed, so the work is bounded by the tables in the dump. Entries with reserved bits are
 * reported and neither listed nor followed, as hardware would fault on them (vtd.md 2.1, 3).
 *
 * @returns the leaves as batches, and a report; bad tables never throw
 *
 * @example
 * ```ts
 * import { secondStageFormat, segmentsMemory, walkTable } from 'kho-toolkit';
 *
 * // A page of entries of which the first is given: readable, writable, and where it leads.
 * function entry(value: bigint): Uint8Array {
 *   const bytes = new Uint8Array(4096);
 *   new DataView(bytes.buffer).setBigUint64(0, value, true);
 *   return bytes;
 * }
 *
 * const memory = segmentsMemory(
 *   [
 *     { address: 0x1000, bytes: entry(0x2003n) },
 *     { address: 0x2000, bytes: entry(0x3003n) },
 *     { address: 0x3000, bytes: entry(0xabc003n) },
 *   ],
 *   'three levels',
 * );
 *
 * const walk = walkTable({ memory, root: 0x1000n, levels: 3, format: secondStageFormat() });
 * let leaves = 0;
 * for (const { length } of walk.batches) leaves += length;
 * console.log(leaves); //=> 1
 * ```
 */
export function walkTable(request: WalkRequest): Walk {
  const state = createState(request);
  return {
    batches: batchesOf(state),
    report: () => ({
      leaves: state.leaves,
      pages: state.pages,
      tables: state.tables,
      sharedWalks: state.sharedWalks,
      anomalies: anomaliesOf(state.log),
    }),
  };
}
