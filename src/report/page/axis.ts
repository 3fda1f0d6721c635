/** Where physical addresses are on a line of fixed width: linear, but for the largest empty gaps, which are cut out. */
import type { PageSet } from '../../memory/page-set.js';

/** Gaps that are cut out at most. */
const MAX_BREAKS = 10;
/** A gap below this part of the whole span stays. */
const SMALLEST_BREAK = 1 / 50;
/** Columns of a break. */
const BREAK = 14;
/** Columns that a stretch gets at least. */
const LEAST = 24;

/** A stretch of addresses that is drawn to scale. */
export interface Stretch {
  /** Page frame numbers, half-open. */
  readonly start: number;
  readonly end: number;
  /** First column, and number of columns. */
  readonly x: number;
  readonly width: number;
}

/**
 * Lays out the pages of a set.
 *
 * @param used all pages that shall be seen
 * @param width columns
 * @returns ascending stretches, with a break between each two; none for an empty set
 */
export function mapAxis(used: PageSet, width: number): Stretch[] {
  const { runCount, starts, ends } = used;
  if (runCount === 0) return [];
  const first = starts[0] ?? 0;
  const last = ends[runCount - 1] ?? 0;
  const cuts = largestGaps(used, (last - first) * SMALLEST_BREAK);
  const edges = [first, ...cuts.flatMap(({ start, end }) => [start, end]), last];
  const sizes = cuts
    .concat({ start: last, end: last })
    .map((_, i) => (edges[2 * i + 1] ?? 0) - (edges[2 * i] ?? 0));
  const total = sizes.reduce((sum, pages) => sum + pages, 0);
  const room = width - cuts.length * BREAK - sizes.length * LEAST;
  let x = 0;
  return sizes.map((pages, i) => {
    const columns = LEAST + Math.floor((pages / total) * room);
    const stretch = { start: edges[2 * i] ?? 0, end: edges[2 * i + 1] ?? 0, x, width: columns };
    x += columns + BREAK;
    return stretch;
  });
}

/** The largest gaps above a size, ascending by address. One pass, constant memory. */
function largestGaps({ runCount, starts, ends }: PageSet, least: number): { start: number; end: number }[] {
  const kept: { start: number; end: number }[] = [];
  const size = (gap: { start: number; end: number } | undefined): number =>
    gap === undefined ? 0 : gap.end - gap.start;
  for (let i = 1; i < runCount; i++) {
    const gap = { start: ends[i - 1] ?? 0, end: starts[i] ?? 0 };
    if (size(gap) <= least) continue;
    if (kept.length === MAX_BREAKS) {
      if (size(gap) <= size(kept.at(-1))) continue;
      kept.pop();
    }
    kept.push(gap);
    kept.sort((a, b) => size(b) - size(a));
  }
  return kept.sort((a, b) => a.start - b.start);
}
