/** Who uses physical memory, and how it is told. */
import type { Place } from '../place.js';

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
}

/** Runs of pages with their users, in columns. */
export interface Uses {
  readonly users: readonly User[];
  /** Beginnings of the keys of users whose memory the dump does not tell. */
  readonly untold: readonly string[];
  /** Rows in use. */
  readonly length: number;
  /** Physical bytes, half-open. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Index of the user. */
  readonly owners: Int32Array;
  /** Offset in the file or IOVA at the start of the run, in bytes; NaN where there is none. */
  readonly positions: Float64Array;
}

/** Takes users and their runs. */
export interface UseCollector {
  /** There are users whose keys begin like this, and the dump does not tell what memory they have. */
  untold(prefix: string): void;
  /** @returns the number of the user, for {@link UseCollector.add} */
  user(user: User): number;
  /** Physical bytes [start, end); what cannot be physical is left out. */
  add(user: number, start: number, end: number, position?: number): void;
}
