/** Runs of page frames as bars of a picture: as many as there are, or few that stand for many. */
import { ascendingOrder } from '../../memory/ascending-order.js';

/** Bars in columns, ascending and without overlap unless several owners claim the same pages. */
export interface Bars {
  readonly length: number;
  /** First 4 KiB page frame, and the one after the last. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Pages of the bar that are really in it; less than its length where it stands for several runs. */
  readonly covered: Float64Array;
  /** Runs that it stands for. */
  readonly counts: Float64Array;
  /** Number of the owner, or {@link SEVERAL}. */
  readonly owners: Int32Array;
  /** Where the first run is in its owner (page of a file); NaN where nothing tells. */
  readonly positions: Float64Array;
}

/** Owner of a bar whose runs have more than one. */
export const SEVERAL = -1;

/** Takes runs, and holds a bounded number of bars. */
export interface BarsBuilder {
  /** Adds frames [start, end) of an owner. */
  add(start: number, end: number, owner: number, position?: number): void;
  /** All runs as at most `limit` bars. */
  finish(limit: number): Bars;
  /** Runs that were added, adjacent ones of one owner joined. */
  readonly runs: number;
}

/** Runs that are held before they are made fewer. */
const HELD = 1 << 18;

/** @param held runs kept at a time; more are joined across their smallest gaps */
export function createBars(held = HELD): BarsBuilder {
  const all = columns(1024);
  let bars = all;
  let runs = 0;
  let sorted = true;

  function add(start: number, end: number, owner: number, position = Number.NaN): void {
    if (!(start < end)) return;
    const last = bars.length - 1;
    if (last >= 0 && bars.ends[last] === start && bars.owners[last] === owner && bars.counts[last] === 1) {
      const offset = (bars.positions[last] as number) + (start - (bars.starts[last] as number));
      if (Number.isNaN(position) ? Number.isNaN(offset) : offset === position) {
        bars.ends[last] = end;
        bars.covered[last] = end - (bars.starts[last] as number);
        return;
      }
    }
    runs++;
    if (last >= 0 && start < (bars.starts[last] as number)) sorted = false;
    if (bars.length === bars.starts.length) {
      bars = bars.length >= held ? fewer(ordered(), held >> 1) : grown(bars);
      if (bars.length === bars.starts.length) bars = grown(bars);
    }
    const row = bars.length++;
    bars.starts[row] = start;
    bars.ends[row] = end;
    bars.covered[row] = end - start;
    bars.counts[row] = 1;
    bars.owners[row] = owner;
    bars.positions[row] = position;
  }

  function ordered(): Growing {
    if (!sorted) bars = sortedBars(bars);
    sorted = true;
    return bars;
  }

  return {
    add,
    finish: (limit) => fewer(ordered(), limit),
    get runs() {
      return runs;
    },
  };
}

type Growing = { -readonly [Key in keyof Bars]: Bars[Key] };

function columns(size: number): Growing {
  return {
    length: 0,
    starts: new Float64Array(size),
    ends: new Float64Array(size),
    covered: new Float64Array(size),
    counts: new Float64Array(size),
    owners: new Int32Array(size),
    positions: new Float64Array(size),
  };
}

function grown(bars: Growing): Growing {
  const larger = columns(bars.starts.length * 2);
  larger.length = bars.length;
  for (const key of ['starts', 'ends', 'covered', 'counts', 'owners', 'positions'] as const)
    larger[key].set(bars[key]);
  return larger;
}

function sortedBars(bars: Growing): Growing {
  const out = columns(bars.starts.length);
  for (const from of ascendingOrder(bars.starts, bars.length)) copyRow(bars, from, out);
  return out;
}

function copyRow(from: Bars, row: number, to: Growing): void {
  const at = to.length++;
  for (const key of ['starts', 'ends', 'covered', 'counts', 'owners', 'positions'] as const)
    to[key][at] = from[key][row] as number;
}

/**
 * The same with at most `limit` bars: neighbours with the smallest gaps between them become one.
 *
 * @param bars ascending by start
 */
export function fewer(bars: Bars, limit: number): Growing {
  const { length } = bars;
  const out = columns(Math.max(1, Math.min(length, limit) * 2));
  if (length === 0) return out;
  const splits = Math.max(0, Math.min(length, limit) - 1);
  const gaps = new Float64Array(Math.max(0, length - 1));
  let reach = bars.ends[0] as number;
  for (let i = 1; i < length; i++) {
    gaps[i - 1] = Math.max(0, (bars.starts[i] as number) - reach);
    reach = Math.max(reach, bars.ends[i] as number);
  }
  // Of equally large gaps every so-manieth splits, so that a regular pattern stays one.
  const bySize = gaps.slice().sort();
  const least = splits === 0 ? Number.POSITIVE_INFINITY : (bySize[gaps.length - splits] as number);
  let larger = 0;
  let equal = 0;
  for (const gap of gaps) {
    if (gap > least) larger++;
    else if (gap === least) equal++;
  }
  const room = splits - larger;
  let seen = 0;
  copyRow(bars, 0, out);
  for (let i = 1; i < length; i++) {
    const gap = gaps[i - 1] as number;
    let splitsHere = gap > least;
    if (gap === least) {
      splitsHere = Math.round(((seen + 1) * room) / equal) > Math.round((seen * room) / equal);
      seen++;
    }
    if (splitsHere) copyRow(bars, i, out);
    else joinRow(bars, i, out);
  }
  return out;
}

function joinRow(from: Bars, row: number, to: Growing): void {
  const last = to.length - 1;
  const reach = to.ends[last] as number;
  const start = Math.max(reach, from.starts[row] as number);
  const end = from.ends[row] as number;
  const length = end - (from.starts[row] as number);
  // Pages that two claim count once.
  const share = length > 0 ? Math.max(0, end - start) / length : 0;
  to.covered[last] = (to.covered[last] as number) + Math.round((from.covered[row] as number) * share);
  to.ends[last] = Math.max(reach, end);
  to.counts[last] = (to.counts[last] as number) + (from.counts[row] as number);
  if (to.owners[last] !== from.owners[row]) to.owners[last] = SEVERAL;
}
