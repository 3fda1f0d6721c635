/** Which memory the leaves of a walk reach, by granules of 2 MiB, so that rules are asked once for each. */
import {
  type LeafBatch,
  pagesOfRow,
  ROW_END,
  ROW_HI,
  ROW_LO,
  ROW_START,
  ROW_WORDS,
  targetOfRow,
} from '../vtd/walk/batch.js';
import type { WalkObserver } from './rule.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const WORDS = ROW_WORDS;
const LO = ROW_LO;
const HI = ROW_HI;
const START = ROW_START;
const END = ROW_END;

/** 4 KiB pages of a granule: what a table page of PTEs maps, and a block of guestmemfs. */
const GRANULE = 512;
export const GRANULE_PAGES = GRANULE;
/** Most granules that one table of them spans, 8 TiB; leaves elsewhere are shown to every rule. */
const MOST_GRANULES = 2 ** 22;

/** Granules that are asked about together, 1 GiB. */
const WIDE = 512;

/** Codes of a granule: not reached so far, reached and no rule wants to see it, some rule does. */
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

/** Whether a run of the batch lies in a granule that some rule wants to see. */
function isWatched(survey: Survey, batch: LeafBatch): boolean {
  if (!batch.small || !batch.maximal) return isAnyWatched(survey, batch);
  let from = 0;
  let watched = false;
  // The fast loop stops at what is new; the row is looked at and the loop goes on behind it.
  while (from < batch.length) {
    from = plainRows(survey, batch, from);
    if (from === batch.length) break;
    if (isRowWatched(survey, batch, from)) watched = true;
    from++;
  }
  return watched;
}

/** @returns the first row from `from` on that is not wholly in one granule known to be plain */
function plainRows(survey: Survey, batch: LeafBatch, from: number): number {
  const { codes, first } = survey;
  const { rows, length, format, totalPages } = batch;
  // The length of row 0, which may have begun long ago, does not stand in its words.
  if (from === 0) return 0;
  const addressHi = format.addressHi | 0;
  const lowest = first | 0;
  const size = codes.length;
  const end = length * WORDS;
  /** Some row has more than one page, and may reach into another granule. */
  const long = totalPages !== length;
  let begin = (from * WORDS) | 0;
  if (!long) begin = plainFours(survey, rows, begin, end, addressHi);
  for (let at = begin; at < end; at = (at + WORDS) | 0) {
    const lo = rows[(at + LO) | 0] as number;
    const granule = ((((rows[(at + HI) | 0] as number) & addressHi) << 11) | (lo >>> 21)) - lowest;
    if (granule >>> 0 >= size || codes[granule] !== PLAIN) return at / WORDS;
    if (!long) continue;
    const pages = (rows[(at + END) | 0] as number) - (rows[(at + START) | 0] as number);
    if (((lo >>> 12) & 511) + pages > GRANULE) return at / WORDS;
  }
  return length;
}

/**
 * Rows of one page each, four at a time: most batches of scattered pages are plain throughout.
 *
 * @param begin word of the first row
 * @param end behind the words of the last
 * @returns the word of the first row that was not looked at, or one up to three rows before a row that is not plain
 */
function plainFours(
  { codes, first }: Survey,
  rows: Int32Array,
  begin: number,
  end: number,
  addressHi: number,
): number {
  const lowest = first | 0;
  const last = (codes.length - 1) | 0;
  const most = end - 4 * WORDS;
  let at = begin | 0;
  for (; at <= most; at = (at + 4 * WORDS) | 0) {
    const a = granuleAt(rows, at, addressHi, lowest);
    const b = granuleAt(rows, (at + WORDS) | 0, addressHi, lowest);
    const c = granuleAt(rows, (at + 2 * WORDS) | 0, addressHi, lowest);
    const d = granuleAt(rows, (at + 3 * WORDS) | 0, addressHi, lowest);
    // One of them is negative, or beyond the last.
    if ((a | b | c | d | (last - a) | (last - b) | (last - c) | (last - d)) < 0) break;
    const codesOfAll =
      ((codes[a] as number) ^ PLAIN) |
      ((codes[b] as number) ^ PLAIN) |
      ((codes[c] as number) ^ PLAIN) |
      ((codes[d] as number) ^ PLAIN);
    if (codesOfAll !== 0) break;
  }
  return at;
}

/** The granule of the row at word `at`, counted from `lowest`. */
function granuleAt(rows: Int32Array, at: number, addressHi: number, lowest: number): number {
  const lo = rows[(at + LO) | 0] as number;
  const hi = rows[(at + HI) | 0] as number;
  return ((((hi & addressHi) << 11) | (lo >>> 21)) - lowest) | 0;
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
  const { codes, first } = survey;
  let code = PLAIN;
  for (let granule = start; granule < end; granule++) {
    const i = granule - first;
    if (codes[i] === NEW) codes[i] = reach(survey, granule);
    if (codes[i] === WATCHED) code = WATCHED;
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
