/** Ranges of pages against sets of pages, in page frame numbers. */
import { firstAfter } from '../memory/first-after.js';
import type { PageSet } from '../memory/page-set.js';

/** The parts of [start, end) that are in the set, ascending. O(log n) and the parts. */
export function* intersections(
  set: PageSet,
  start: number,
  end: number,
): Generator<{ start: number; end: number }> {
  const { starts, ends, runCount } = set;
  for (let i = firstRunBehind(set, start); i < runCount; i++) {
    const from = Math.max(start, starts[i] ?? 0);
    const to = Math.min(end, ends[i] ?? 0);
    if (from >= end) return;
    if (from < to) yield { start: from, end: to };
  }
}

/** The parts of [start, end) that are not in the set, ascending. O(log n) and the parts. */
export function* gaps(set: PageSet, start: number, end: number): Generator<{ start: number; end: number }> {
  const { starts, ends, runCount } = set;
  let at = start;
  for (let i = firstRunBehind(set, start); at < end; i++) {
    const next = i < runCount ? Math.min(end, starts[i] ?? end) : end;
    if (at < next) yield { start: at, end: next };
    at = i < runCount ? Math.max(at, ends[i] ?? end) : end;
  }
}

/** What a probe says of a range: all of it in the set, none of it, or some. */
export type Probed = 'inside' | 'outside' | 'mixed';

/**
 * A probe that remembers the stretch of the set, or the gap, that it found last: neighbouring ranges, which
 * is what walks ask for, cost two comparisons.
 */
export function createProbe(set: PageSet): (start: number, end: number) => Probed {
  const { starts, ends, runCount } = set;
  let low = 0;
  let high = -1;
  let kind: Probed = 'outside';
  return (start, end) => {
    if (start >= low && end <= high) return kind;
    const i = firstRunBehind(set, start);
    const runStart = i < runCount ? (starts[i] ?? 0) : Number.POSITIVE_INFINITY;
    if (start >= runStart) {
      kind = 'inside';
      low = runStart;
      high = ends[i] ?? 0;
    } else {
      kind = 'outside';
      low = i > 0 ? (ends[i - 1] ?? 0) : 0;
      high = runStart;
    }
    return end <= high ? kind : 'mixed';
  };
}

/** Index of the first run that ends after `page`. */
function firstRunBehind({ ends, runCount }: PageSet, page: number): number {
  return firstAfter(ends, page, runCount);
}
