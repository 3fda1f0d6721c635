import { type LeafBatch, pagesPerEntry } from './batch.js';
import type { EntryFormat } from './format.js';

/** A stretch of IOVAs that maps to a stretch of physical memory with the same permissions throughout. */
export interface MappedRun {
  /** First IOVA and first target, as page frame numbers. */
  readonly iova: number;
  readonly target: number;
  /** Length in 4 KiB pages. */
  readonly pages: number;
  /** Leaves that make it up. */
  readonly leaves: number;
  /** Level of the leaves, 1..3; 0 when sizes differ (`anySize`). */
  readonly level: number;
  /** ACCESS_READ, ACCESS_WRITE. */
  readonly access: number;
  /** Bits of the first entry that its attributes are read from, as unsigned halves. */
  readonly lo: number;
  readonly hi: number;
}

/** Merged runs in columns; reused from batch to batch. */
export interface RunBatch {
  length: number;
  readonly iova: Float64Array;
  readonly target: Float64Array;
  readonly pages: Float64Array;
  readonly leaves: Float64Array;
  readonly level: Uint8Array;
  readonly access: Uint8Array;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** How runs are merged. */
export interface MergeOptions {
  /** Merge leaves of different sizes too; the run's level is then 0. */
  readonly anySize?: boolean;
}

const ROWS = 4096;
/**
 * Rows that one call of the merging loop takes. A call that ran through a whole batch would be compiled while
 * it runs (on-stack replacement) before the code behind the loop was ever seen, and V8 then drops out of that
 * code at the end of every call: ten times slower.
 */
const ROWS_PER_CALL = 256;

function createRunBatch(): RunBatch {
  return {
    length: 0,
    iova: new Float64Array(ROWS),
    target: new Float64Array(ROWS),
    pages: new Float64Array(ROWS),
    leaves: new Float64Array(ROWS),
    level: new Uint8Array(ROWS),
    access: new Uint8Array(ROWS),
    lo: new Uint32Array(ROWS),
    hi: new Uint32Array(ROWS),
  };
}

/** Which rows belong together: the attribute bits that must be equal. */
interface MergeRule {
  readonly anySize: boolean;
  readonly attributesLo: number;
  readonly attributesHi: number;
}

/**
 * Appends some rows of a leaf batch from `from` on, each to the last run if it continues it.
 *
 * @returns the first row that was not taken: the next to take, or the first for which the run batch has no room
 */
function appendRows(out: RunBatch, batch: LeafBatch, from: number, rule: MergeRule): number {
  const { anySize, attributesLo, attributesHi } = rule;
  const { iova: iovas, target: targets, count: counts, level: levels, access: accesses } = batch;
  const { lo: los, hi: his } = batch;
  const rows = Math.min(batch.length, from + ROWS_PER_CALL);
  const { iova: outIova, target: outTarget, access: outAccess, lo: outLo, hi: outHi } = out;
  const { pages: outPages, leaves: outLeaves, level: outLevel } = out;
  // The run that may still grow is held in locals; its length and end are written when it stops growing.
  let last = out.length - 1;
  let runPages = last < 0 ? 0 : (out.pages[last] as number);
  let runLeaves = last < 0 ? 0 : (out.leaves[last] as number);
  let runLevel = last < 0 ? 0 : (out.level[last] as number);
  let runAccess = last < 0 ? 0 : (out.access[last] as number);
  let runLo = last < 0 ? 0 : (out.lo[last] as number) | 0;
  let runHi = last < 0 ? 0 : (out.hi[last] as number) | 0;
  let iovaEnd = last < 0 ? -1 : (out.iova[last] as number) + runPages;
  let targetEnd = last < 0 ? -1 : (out.target[last] as number) + runPages;
  let row = from;
  for (; row < rows; row++) {
    const level = levels[row] as number;
    const iova = iovas[row] as number;
    const target = targets[row] as number;
    const count = counts[row] as number;
    const access = accesses[row] as number;
    const lo = (los[row] as number) | 0;
    const hi = (his[row] as number) | 0;
    const pages = level === 1 ? count : count * pagesPerEntry(level);
    if (
      iova === iovaEnd &&
      target === targetEnd &&
      access === runAccess &&
      (((lo ^ runLo) & attributesLo) | ((hi ^ runHi) & attributesHi)) === 0 &&
      (anySize || level === runLevel)
    ) {
      runPages += pages;
      runLeaves += count;
      if (level !== runLevel) runLevel = 0;
    } else {
      if (last === ROWS - 1) break;
      if (last >= 0) {
        outPages[last] = runPages;
        outLeaves[last] = runLeaves;
        outLevel[last] = runLevel;
      }
      last++;
      outIova[last] = iova;
      outTarget[last] = target;
      outAccess[last] = access;
      outLo[last] = lo;
      outHi[last] = hi;
      runPages = pages;
      runLeaves = count;
      runLevel = level;
      runAccess = access;
      runLo = lo;
      runHi = hi;
    }
    iovaEnd = iova + pages;
    targetEnd = target + pages;
  }
  if (last >= 0) {
    outPages[last] = runPages;
    outLeaves[last] = runLeaves;
    outLevel[last] = runLevel;
  }
  out.length = last + 1;
  return row;
}

/** Moves the last run, which may still grow, to the front of the emptied batch. */
function keepLast(out: RunBatch): void {
  const last = out.length - 1;
  out.iova[0] = out.iova[last] as number;
  out.target[0] = out.target[last] as number;
  out.pages[0] = out.pages[last] as number;
  out.leaves[0] = out.leaves[last] as number;
  out.level[0] = out.level[last] as number;
  out.access[0] = out.access[last] as number;
  out.lo[0] = out.lo[last] as number;
  out.hi[0] = out.hi[last] as number;
  out.length = 1;
}

/**
 * Merges neighbouring leaves into runs, across table pages and batches: IOVA and target contiguous, the same
 * permissions and attributes (snoop, memory type; not accessed and dirty), the same page size unless `anySize`.
 * Constant memory; the batch that is given out is reused.
 */
export function* mergeBatches(
  batches: Iterable<LeafBatch>,
  format: EntryFormat,
  options: MergeOptions = {},
): Generator<RunBatch, void> {
  const out = createRunBatch();
  const { attributesLo, attributesHi } = format;
  const rule = { anySize: options.anySize ?? false, attributesLo, attributesHi };
  for (const batch of batches) {
    for (let row = 0; row < batch.length; ) {
      const next = appendRows(out, batch, row, rule);
      if (next < batch.length && out.length === ROWS) {
        out.length--;
        yield out;
        out.length++;
        keepLast(out);
      }
      row = next;
    }
  }
  if (out.length > 0) yield out;
}

/** The same as objects, for output that people read. */
export function* mergeRuns(
  batches: Iterable<LeafBatch>,
  format: EntryFormat,
  options: MergeOptions = {},
): Generator<MappedRun, void> {
  for (const batch of mergeBatches(batches, format, options)) {
    for (let i = 0; i < batch.length; i++) {
      yield {
        iova: batch.iova[i] as number,
        target: batch.target[i] as number,
        pages: batch.pages[i] as number,
        leaves: batch.leaves[i] as number,
        level: batch.level[i] as number,
        access: batch.access[i] as number,
        lo: batch.lo[i] as number,
        hi: batch.hi[i] as number,
      };
    }
  }
}
