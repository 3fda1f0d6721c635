/** Who uses physical memory, and how it is told. */
import type { Place } from '../../references/place.js';

/** One that memory is kept for. */
export interface User {
  readonly place: Place;
  /** What the memory is to it, for people: `contents`, `page tables`. */
  readonly what: string;
  /**
   * - `object`: what outlives the kexec, in place or copied by its owner;
   * - `fixed`: what outlives it and cannot move, as it is not copied;
   * - `reach`: what devices reach or what hardware reads on the way;
   * - `metadata`: how the handover itself is written down: made anew by each kernel.
   */
  readonly kind: 'object' | 'fixed' | 'reach' | 'metadata';
  /** The same for the same user in another handover. */
  readonly key: string;
  /** Its memory, drawn anew each time: there may be a run for each of millions of pages. */
  runs(): Iterable<UseColumns>;
  /** The same memory in frames of 4 KiB, without positions, in any order: cheaper where there are very many runs. */
  frames?(put: (first: number, end: number) => void): void;
}

/** Runs of memory in columns. The arrays may be used again for the next batch. */
export interface UseColumns {
  length: number;
  /** Physical bytes, half-open. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Offset in the file or IOVA at the start of the run, in bytes; NaN where there is none. */
  readonly positions: Float64Array;
}

/** What memory is used for. */
export interface Uses {
  readonly users: readonly User[];
  /** Beginnings of the keys of users whose memory the dump does not tell. */
  readonly untold: readonly string[];
  /** The same of users of whose memory it tells a part. */
  readonly partly: readonly string[];
  /** Beginnings of the keys of users of whom there may be more. */
  readonly others: readonly string[];
}

/** Takes users. */
export interface UseCollector {
  /** There are users whose keys begin like this, and the dump does not tell what memory they have. */
  untold(prefix: string): void;
  user(user: User): void;
}

/** A run of memory on its own: physical bytes, half-open, and where it is in the file or for devices. */
export interface Use {
  readonly start: number;
  readonly end: number;
  readonly position?: number;
}

/** Runs of a batch. */
export const USE_BATCH = 1024;

/** An empty batch: tens of thousands of files may have a run each. */
export function createUseColumns(size = USE_BATCH): UseColumns {
  return {
    length: 0,
    starts: new Float64Array(size),
    ends: new Float64Array(size),
    positions: new Float64Array(size),
  };
}

/**
 * Adds a run; what cannot be physical is left out.
 *
 * @returns whether the batch is full now, and has to be drawn
 */
export function putUse(columns: UseColumns, start: number, end: number, position = Number.NaN): boolean {
  if (!(start >= 0 && start < end && end <= Number.MAX_SAFE_INTEGER)) return false;
  const row = columns.length++;
  columns.starts[row] = start;
  columns.ends[row] = end;
  columns.positions[row] = position;
  return columns.length === columns.starts.length;
}

/** Runs that come one by one, in columns. */
export function* useColumns(uses: Iterable<Use>): Generator<UseColumns> {
  const columns = createUseColumns();
  for (const { start, end, position } of uses) {
    if (!putUse(columns, start, end, position)) continue;
    yield columns;
    columns.length = 0;
  }
  if (columns.length > 0) yield columns;
}
