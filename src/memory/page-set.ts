/** Sets of pages. */
import { firstAfter } from './first-after.js';

/** A half-open range in units that the function tells. */
export interface PageRange {
  readonly start: bigint | number;
  readonly end: bigint | number;
}

/**
 * An immutable set of page frames, as sorted disjoint runs of page frame numbers in typed arrays. A frame
 * number of any u64 address is exact as a number, as pages have 4096 bytes or more.
 */
export interface PageSet {
  /** Bytes of a page, a power of two. */
  readonly pageSize: number;
  /** Number of runs; neighbours are merged. */
  readonly runCount: number;
  /** First page frame number of each run. */
  readonly starts: Float64Array;
  /** Page frame number after each run. */
  readonly ends: Float64Array;
  /** Whether a page frame number is in the set. O(log n). */
  contains(pfn: number): boolean;
  /** Whether all pages of the byte range [start, end) are in the set; true for an empty range. O(log n). */
  covers(start: bigint | number, end: bigint | number): boolean;
  /** The parts, in bytes, of the byte range [start, end) whose pages are not in the set, ascending. */
  uncovered(start: bigint | number, end: bigint | number): Iterable<{ start: bigint; end: bigint }>;
  /** End of the stretch of the set that begins at page frame `first`, `limit` at most; `first` where it is not in it. */
  coveredUntil(first: number, limit: number): number;
  /** The first page frame of the set from `first` on; `limit` where there is none before it. */
  nextCovered(first: number, limit: number): number;
  /** The runs as page frame numbers, ascending. */
  runs(): Iterable<{ start: number; end: number }>;
  /** Number of pages. */
  countPages(): number;
  /** The pages of both sets. Throws RangeError when the page sizes differ. */
  union(other: PageSet): PageSet;
}

/**
 * Builds a set from ranges in any order, in O(n log n), or O(n) when they ascend.
 *
 * @param ranges half-open ranges of byte addresses, each rounded outwards to whole pages; empty or
 *   reversed ones add nothing
 * @param pageSize bytes, a power of two of 4096 or more
 * @throws RangeError for another page size
 */
export function pageSet(ranges: Iterable<PageRange>, pageSize: number): PageSet {
  checkPageSize(pageSize);
  const columns = createColumns();
  for (const { start, end } of ranges) {
    if (start < end) append(columns, frameOf(start, pageSize), frameBehind(end, pageSize));
  }
  return finish(columns, pageSize);
}

/**
 * Builds a set from ranges of page frame numbers, as {@link pageSet} does from bytes.
 *
 * @param ranges half-open ranges of page frame numbers
 */
export function pageSetOfFrames(
  ranges: Iterable<{ readonly start: number; readonly end: number }>,
  pageSize: number,
): PageSet {
  checkPageSize(pageSize);
  const columns = createColumns();
  for (const { start, end } of ranges) if (start < end) append(columns, start, end);
  return finish(columns, pageSize);
}

/**
 * Builds a set from addresses of pages, one each, in any order.
 *
 * @param addresses bytes, multiples of `pageSize`; left as they are
 */
export function pageSetOfPages(addresses: Float64Array, pageSize: number): PageSet {
  checkPageSize(pageSize);
  const frames = new Float64Array(addresses.length);
  let highest = 0;
  for (let i = 0; i < frames.length; i++) {
    const frame = (addresses[i] as number) / pageSize;
    frames[i] = frame;
    if (frame > highest) highest = frame;
  }
  // Integers are sorted in half the time.
  const sorted = (highest < 2 ** 32 ? new Uint32Array(frames) : frames).sort();
  const columns = createColumns();
  for (let i = 0; i < sorted.length; ) {
    const start = sorted[i] as number;
    let end = start + 1;
    // Where pages are together, as those of tables are, most of them end no run.
    for (i++; i < sorted.length && (sorted[i] as number) <= end; i++) if (sorted[i] === end) end++;
    append(columns, start, end);
  }
  return finish(columns, pageSize);
}

/**
 * Builds a set from runs in any order, none of them empty.
 *
 * @param starts first page frame numbers, and `ends` those after the last; they become the set's
 */
export function pageSetOfColumns(starts: Float64Array, ends: Float64Array, pageSize: number): PageSet {
  checkPageSize(pageSize);
  return finish({ starts, ends, count: starts.length, sorted: false }, pageSize);
}

/** The pages of several sets of one page size. */
export function unionOf(sets: readonly PageSet[], pageSize: number): PageSet {
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) return only;
  return pageSetOfFrames(allRuns(sets), pageSize);
}

function* allRuns(sets: readonly PageSet[]): Generator<{ start: number; end: number }> {
  for (const set of sets) yield* set.runs();
}

interface Columns {
  starts: Float64Array;
  ends: Float64Array;
  count: number;
  sorted: boolean;
}

function createColumns(): Columns {
  return { starts: new Float64Array(16), ends: new Float64Array(16), count: 0, sorted: true };
}

/** Adds a run, growing the last one where it continues or overlaps it, so that adjacent pages cost nothing. */
function append(columns: Columns, start: number, end: number): void {
  const last = columns.count - 1;
  if (last >= 0) {
    const lastStart = columns.starts[last] ?? 0;
    const lastEnd = columns.ends[last] ?? 0;
    if (start >= lastStart && start <= lastEnd) {
      if (end > lastEnd) columns.ends[last] = end;
      return;
    }
    if (start < lastStart) columns.sorted = false;
  }
  if (columns.count === columns.starts.length) {
    columns.starts = grown(columns.starts);
    columns.ends = grown(columns.ends);
  }
  columns.starts[columns.count] = start;
  columns.ends[columns.count++] = end;
}

function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

function finish(columns: Columns, pageSize: number): PageSet {
  const { starts, ends, count } = columns.sorted ? columns : sortedColumns(columns);
  return fromRuns(starts.slice(0, count), ends.slice(0, count), pageSize);
}

/**
 * Sorts first pages and ends each by themselves, which native sorting does fast: up to the i-th end, i + 1 runs
 * have begun and ended when the next begins after it, whichever they are.
 */
function sortedColumns({ starts, ends, count }: Columns): Columns {
  const first = starts.slice(0, count).sort();
  const behind = ends.slice(0, count).sort();
  const merged = createColumns();
  let open = 0;
  for (let i = 0; i < count; i++) {
    const end = behind[i] as number;
    if (i + 1 < count && (first[i + 1] as number) <= end) continue;
    append(merged, first[open] as number, end);
    open = i + 1;
  }
  return merged;
}

function fromRuns(starts: Float64Array, ends: Float64Array, pageSize: number): PageSet {
  const runCount = starts.length;

  /** Index of the first run that ends after `pfn`. */
  function find(pfn: number): number {
    return firstAfter(ends, pfn);
  }

  function contains(pfn: number): boolean {
    const index = find(pfn);
    return index < runCount && (starts[index] ?? 0) <= pfn;
  }

  function covers(start: bigint | number, end: bigint | number): boolean {
    if (!(start < end)) return true;
    const first = frameOf(start, pageSize);
    const index = find(first);
    return (
      index < runCount && (starts[index] ?? 0) <= first && (ends[index] ?? 0) >= frameBehind(end, pageSize)
    );
  }

  function* uncovered(start: bigint | number, end: bigint | number) {
    const stop = BigInt(end);
    const size = BigInt(pageSize);
    let at = BigInt(start);
    if (at >= stop) return;
    for (let index = find(frameOf(start, pageSize)); at < stop; index++) {
      const runStart = index < runCount ? BigInt(starts[index] ?? 0) * size : stop;
      if (at < runStart) yield { start: at, end: runStart < stop ? runStart : stop };
      at = index < runCount ? BigInt(ends[index] ?? 0) * size : stop;
    }
  }

  function coveredUntil(first: number, limit: number): number {
    const index = find(first);
    const inside = index < runCount && (starts[index] ?? 0) <= first;
    return inside ? Math.min(ends[index] ?? 0, limit) : first;
  }

  function nextCovered(first: number, limit: number): number {
    const index = find(first);
    return index < runCount ? Math.min(Math.max(starts[index] ?? 0, first), limit) : limit;
  }

  function* runs() {
    for (let i = 0; i < runCount; i++) yield { start: starts[i] ?? 0, end: ends[i] ?? 0 };
  }

  function countPages(): number {
    let pages = 0;
    for (let i = 0; i < runCount; i++) pages += (ends[i] ?? 0) - (starts[i] ?? 0);
    return pages;
  }

  function union(other: PageSet): PageSet {
    if (other.pageSize !== pageSize) {
      throw new RangeError(`page sizes differ: ${pageSize} and ${other.pageSize}`);
    }
    const columns = createColumns();
    let mine = 0;
    let theirs = 0;
    while (mine < runCount || theirs < other.runCount) {
      const myStart = starts[mine] ?? Number.POSITIVE_INFINITY;
      const theirStart = other.starts[theirs] ?? Number.POSITIVE_INFINITY;
      if (myStart <= theirStart) append(columns, myStart, ends[mine++] ?? 0);
      else append(columns, theirStart, other.ends[theirs++] ?? 0);
    }
    return finish(columns, pageSize);
  }

  return {
    ...{ pageSize, runCount, starts, ends, contains, covers, uncovered, coveredUntil, nextCovered, runs },
    ...{ countPages, union },
  };
}

function checkPageSize(pageSize: number): void {
  if (!(pageSize >= 4096 && Number.isInteger(Math.log2(pageSize)))) {
    throw new RangeError(`page size ${pageSize} is not a power of two of at least 4096`);
  }
}

function frameOf(address: bigint | number, pageSize: number): number {
  return typeof address === 'number' ? Math.floor(address / pageSize) : Number(address / BigInt(pageSize));
}

function frameBehind(end: bigint | number, pageSize: number): number {
  if (typeof end === 'number') return Math.ceil(end / pageSize);
  const size = BigInt(pageSize);
  return Number((end + size - 1n) / size);
}
