/** Which memory the leaves of a walk reach, by granules of 2 MiB, so that rules are asked once for each. */
import { type LeafBatch, pagesOf, ROW_END, ROW_HI, ROW_LO, ROW_START, ROW_WORDS, targetsOf } from '../vtd/walk/batch.js';
import type { WalkObserver } from './rule.js';

/** 4 KiB pages of a granule: what a table page of PTEs maps, and a block of guestmemfs. */
export const GRANULE_PAGES = 512;
/** Most granules that one table of them spans, 8 TiB; leaves elsewhere are shown to every rule. */
const MOST_GRANULES = 2 ** 22;

/** Granules that are one in `Survey.wide`. */
const WIDE = 512;
/** Stands for all granules that are too far off to be counted. */
const FAR = -1;

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
  /** Codes of 512 granules, aligned to as many, that were asked about together; 1 GiB leaves are long rows. */
  readonly wide: Map<number, number>;
}

/** Shows merged runs to the observers that have to see them. */
export type RunFeed = (batch: LeafBatch) => void;

/**
 * Observers that say which granules concern them see only batches with a run in one of those; all others see
 * every batch.
 */
export function createRunFeed(observers: readonly WalkObserver[]): RunFeed {
  const always = observers.filter(({ runs, touches }) => runs !== undefined && touches === undefined);
  const asked = observers.filter(({ touches }) => touches !== undefined);
  const survey: Survey = { observers: asked, codes: new Uint8Array(0), first: 0, wide: new Map() };
  return (batch) => {
    for (const observer of always) observer.runs?.(batch);
    if (asked.length > 0 && isWatched(survey, batch)) for (const observer of asked) observer.runs?.(batch);
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
function plainRows({ codes, first }: Survey, { rows, length, format }: LeafBatch, from: number): number {
  const { addressHi } = format;
  const size = codes.length;
  const end = length * ROW_WORDS;
  // The length of row 0, which may have begun long ago, does not stand in its words.
  if (from === 0) return 0;
  for (let at = from * ROW_WORDS; at < end; at = (at + ROW_WORDS) | 0) {
    const lo = rows[at + ROW_LO] as number;
    const granule = ((((rows[at + ROW_HI] as number) & addressHi) << 11) | (lo >>> 21)) - first;
    const behind = ((lo >>> 12) & 511) + (rows[at + ROW_END] as number) - (rows[at + ROW_START] as number);
    const known = granule >= 0 && granule < size && codes[granule] === PLAIN;
    if (!known || behind > GRANULE_PAGES) return at / ROW_WORDS;
  }
  return length;
}

function isAnyWatched(survey: Survey, batch: LeafBatch): boolean {
  let watched = false;
  for (let row = 0; row < batch.length; row++) if (isRowWatched(survey, batch, row)) watched = true;
  return watched;
}

/** Asks about the granules of one row. */
function isRowWatched(survey: Survey, batch: LeafBatch, row: number): boolean {
  const target = targetsOf(batch)[row] as number;
  const pages = pagesOf(batch)[row] as number;
  const start = Math.floor(target / GRANULE_PAGES);
  const end = Math.floor((target + pages - 1) / GRANULE_PAGES) + 1;
  if (!cover(survey, start, end)) {
    ask(survey, FAR);
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
    if (codes[i] === NEW) codes[i] = ask(survey, granule) ? WATCHED : PLAIN;
    if (codes[i] === WATCHED) code = WATCHED;
  }
  return code;
}

function ask({ observers }: Survey, granule: number): boolean {
  let watched = false;
  for (const observer of observers) if (observer.touches?.(granule) === true) watched = true;
  return watched;
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
