/** Which memory the leaves of a walk reach, by granules of 2 MiB, so that rules are asked once for each. */
import { LITTLE_ENDIAN_HOST } from '../memory/host-order.js';
import {
  type LeafBatch,
  pagesOfRow,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  SPAN_END,
  SPAN_START,
  targetOfRow,
} from '../vtd/walk/batch.js';
import type { WalkObserver } from './rule.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const WORDS = ROW_WORDS;
const LO = ROW_LO;
const HI = ROW_HI;
const START = SPAN_START;
const END = SPAN_END;

/** 4 KiB pages of a granule: what a table page of PTEs maps, and a block of guestmemfs. */
const GRANULE = 512;
export const GRANULE_PAGES = GRANULE;
const GRANULE_BYTES = GRANULE * 4096;
/** Most granules that one table of them spans, 8 TiB; leaves elsewhere are shown to every rule. */
const MOST_GRANULES = 2 ** 22;

/** Granules that are asked about together, 1 GiB. */
const WIDE = 512;

/** Codes of a granule: not reached so far, reached and no rule asks for it, some rule does. */
const NEW = 0;
const PLAIN = 1;
const WATCHED = 2;

/** The granules of one walk. */
interface Survey {
  readonly observers: readonly WalkObserver[];
  /** Code of granule `first + i` at i. */
  codes: Uint8Array;
  first: number;
  /** By first granule of a 1 GiB stretch: the code that all of it has for the rules, WATCHED when it varies. */
  readonly stretches: Map<number, number>;
  /** The same, of stretches that were reached as a whole: 1 GiB leaves are long rows. */
  readonly wide: Map<number, number>;
  /**
   * Granules [plainFrom, plainFrom + plainCount) are all plain: found now and then around what is reached, so that
   * most rows cost two comparisons and no look at their codes.
   */
  plainFrom: number;
  plainCount: number;
  /** Batches that were plain and were not there, and at how many of them to look next. */
  outside: number;
  lookAt: number;
  /** What was reached, in that order. */
  reached: Float64Array;
  count: number;
  far: boolean;
}

/** Shows merged runs to the observers that have to see them. */
export interface RunFeed {
  take(batch: LeafBatch): void;
  /** After the last batch. */
  end(): void;
}

/**
 * Observers that say which memory concerns them see only batches with a run that leads there; all others see
 * every batch.
 */
export function createRunFeed(observers: readonly WalkObserver[]): RunFeed {
  const always = observers.filter(({ runs, watches }) => runs !== undefined && watches === undefined);
  const asked = observers.filter(({ watches }) => watches !== undefined);
  const told = observers.filter(({ reached }) => reached !== undefined);
  const survey: Survey = {
    observers: asked,
    codes: new Uint8Array(0),
    first: 0,
    stretches: new Map(),
    wide: new Map(),
    plainFrom: 0,
    plainCount: 0,
    outside: 0,
    lookAt: 1,
    reached: new Float64Array(64),
    count: 0,
    far: false,
  };
  const surveyed = asked.length > 0 || told.length > 0;
  return {
    take(batch) {
      for (const observer of always) observer.runs?.(batch);
      if (surveyed && isWatched(survey, batch)) for (const observer of asked) observer.runs?.(batch);
    },
    end() {
      const reached = { granules: survey.reached.subarray(0, survey.count), far: survey.far };
      for (const observer of told) observer.reached?.(reached);
    },
  };
}

/** Whether a run of the batch is in a granule that some rule asks for. */
function isWatched(survey: Survey, batch: LeafBatch): boolean {
  if (!batch.small || !batch.maximal) return isAnyWatched(survey, batch);
  const { count } = survey;
  let watched = false;
  let outside = false;
  for (let row = 0; row < batch.length; ) {
    // The length of row 0, which may have begun long ago, is not in its words.
    if (row > 0) row = rowsInPlain(survey, batch, row);
    if (row < batch.length) {
      outside = true;
      const next = row === 0 ? 0 : plainRows(survey, batch, row);
      // The fast loops stop at what is new; the row is looked at and they continue after it.
      if (next > row) row = next;
      else if (isRowWatched(survey, batch, row++)) watched = true;
    }
  }
  if (outside && !watched && survey.count === count) lookAround(survey, batch);
  return watched;
}

/** @returns the first row from `from` on that may reach beyond the stretch of plain granules */
function rowsInPlain({ plainFrom, plainCount }: Survey, batch: LeafBatch, from: number): number {
  if (!LITTLE_ENDIAN_HOST) return from;
  const { entries, rows, spansAt, length, totalPages } = batch;
  // The bits of an entry, read as a double, are so many of the smallest one, and are compared as its address is; an
  // entry with other bits above the address is larger than any, or negative, or no number.
  const low = plainFrom * GRANULE_BYTES * Number.MIN_VALUE;
  const end = (plainFrom + plainCount) * GRANULE_BYTES * Number.MIN_VALUE;
  let row = from | 0;
  if (totalPages === length) {
    // Each row is one page: one comparison each with the middle.
    const half = (end - low) / 2;
    const middle = low + half;
    for (const most = (length - 4) | 0; row <= most; row = (row + 4) | 0) {
      const a = Math.abs((entries[row] as number) - middle);
      const b = Math.abs((entries[row + 1] as number) - middle);
      const c = Math.abs((entries[row + 2] as number) - middle);
      const d = Math.abs((entries[row + 3] as number) - middle);
      if (!(a < half && b < half && c < half && d < half)) break;
    }
    while (row < length && (entries[row] as number) >= low && (entries[row] as number) < end) row++;
    return row;
  }
  // A run of no more pages than a granule has ends in the next one at the latest.
  const last = (plainFrom + plainCount - 1) * GRANULE_BYTES * Number.MIN_VALUE;
  for (let span = (spansAt + row * WORDS) | 0; row < length; row++, span = (span + WORDS) | 0) {
    const entry = entries[row] as number;
    const pages = ((rows[(span + END) | 0] as number) - (rows[(span + START) | 0] as number)) | 0;
    if (!(entry >= low && entry < last) || pages > GRANULE) break;
  }
  return row;
}

/** @returns the first row from `from` on that is not wholly in one or two granules known to be plain */
function plainRows({ codes, first }: Survey, batch: LeafBatch, from: number): number {
  const { rows, spansAt, length, format } = batch;
  const addressHi = format.addressHi | 0;
  const lowest = first | 0;
  const size = codes.length;
  const end = length * WORDS;
  for (let at = (from * WORDS) | 0; at < end; at = (at + WORDS) | 0) {
    const granule = granuleAt(rows, at, addressHi, lowest);
    if (granule >>> 0 >= size || codes[granule] !== PLAIN) return at / WORDS;
    const span = (spansAt + at) | 0;
    const pages = (rows[(span + END) | 0] as number) - (rows[(span + START) | 0] as number);
    const behind = (((rows[(at + LO) | 0] as number) >>> 12) & (GRANULE - 1)) + pages;
    if (behind > GRANULE && (behind > 2 * GRANULE || codes[granule + 1] !== PLAIN)) return at / WORDS;
  }
  return length;
}

/** The granule of the row at word `at`, counted from `lowest`. */
function granuleAt(rows: Int32Array, at: number, addressHi: number, lowest: number): number {
  const lo = rows[(at + LO) | 0] as number;
  const hi = rows[(at + HI) | 0] as number;
  return ((((hi & addressHi) << 11) | (lo >>> 21)) - lowest) | 0;
}

/**
 * Finds how far granules are plain around the last row of a batch of which all were. Each time that it was of no
 * use the next is put off for longer.
 */
function lookAround(survey: Survey, batch: LeafBatch): void {
  if (++survey.outside < survey.lookAt) return;
  survey.lookAt *= 2;
  const { codes, first } = survey;
  const start = Math.floor(targetOfRow(batch, batch.length - 1) / GRANULE) - first;
  if (codes[start] !== PLAIN) return;
  let from = start;
  let end = start + 1;
  while (codes[from - 1] === PLAIN) from--;
  while (codes[end] === PLAIN) end++;
  survey.plainFrom = first + from;
  survey.plainCount = end - from;
}

function isAnyWatched(survey: Survey, batch: LeafBatch): boolean {
  let watched = false;
  for (let row = 0; row < batch.length; row++) if (isRowWatched(survey, batch, row)) watched = true;
  return watched;
}

/** Asks about the granules of one row. */
function isRowWatched(survey: Survey, batch: LeafBatch, row: number): boolean {
  const target = targetOfRow(batch, row);
  const pages = pagesOfRow(batch, row);
  const start = Math.floor(target / GRANULE);
  const end = Math.floor((target + pages - 1) / GRANULE) + 1;
  if (!cover(survey, start, end)) {
    survey.far = true;
    return true;
  }
  if (end - start === 1) return codeAt(survey, start) === WATCHED;
  const { wide } = survey;
  let watched = false;
  for (let granule = start; granule < end; ) {
    const whole = granule % WIDE === 0 && granule + WIDE <= end;
    const next = whole ? granule + WIDE : granule + 1;
    let code = whole ? wide.get(granule) : undefined;
    if (code === undefined) {
      code = codeOf(survey, granule, next);
      if (whole) wide.set(granule, code);
    }
    if (code === WATCHED) watched = true;
    granule = next;
  }
  return watched;
}

/** The code of granules [start, end) together: asks about those that are new. */
function codeOf(survey: Survey, start: number, end: number): number {
  let code = PLAIN;
  for (let granule = start; granule < end; granule++) if (codeAt(survey, granule) === WATCHED) code = WATCHED;
  return code;
}

/** The code of one granule, which is covered: asks about it if it is new. */
function codeAt(survey: Survey, granule: number): number {
  const { codes, first } = survey;
  const i = granule - first;
  let code = codes[i] as number;
  if (code === NEW) {
    code = reach(survey, granule);
    codes[i] = code;
  }
  return code;
}

/** Notes a granule that is reached for the first time, and asks the rules: about the 1 GiB around it, if that will do. */
function reach(survey: Survey, granule: number): number {
  if (survey.count === survey.reached.length) {
    const larger = new Float64Array(survey.count * 2);
    larger.set(survey.reached);
    survey.reached = larger;
  }
  survey.reached[survey.count++] = granule;
  const start = granule - (granule % WIDE);
  let code = survey.stretches.get(start);
  if (code === undefined) {
    code = ask(survey, start, start + WIDE);
    survey.stretches.set(start, code);
  }
  return code === PLAIN ? PLAIN : ask(survey, granule, granule + 1);
}

function ask({ observers }: Survey, start: number, end: number): number {
  const watched = observers.some(({ watches }) => watches?.(start * GRANULE, end * GRANULE) === true);
  return watched ? WATCHED : PLAIN;
}

/** Makes room for the codes of granules [start, end); false where that would take too much. */
function cover(survey: Survey, start: number, end: number): boolean {
  const { codes, first } = survey;
  const last = first + codes.length;
  if (start >= first && end <= last) return true;
  const low = codes.length === 0 ? start : Math.min(first, start);
  const high = codes.length === 0 ? end : Math.max(last, end);
  if (high - low > MOST_GRANULES) return false;
  // Twice what is needed, towards where it grew, so that growing costs little altogether.
  const size = Math.min(MOST_GRANULES, Math.max(1024, 2 * (high - low)));
  const from = low < first ? Math.max(0, high - size) : low;
  const larger = new Uint8Array(Math.max(size, high - from));
  larger.set(codes, codes.length === 0 ? 0 : first - from);
  survey.codes = larger;
  survey.first = from;
  return true;
}
