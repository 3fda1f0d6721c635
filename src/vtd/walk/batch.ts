/**
 * Leaves in columns. One row is a run: `count` leaves of one size in one table page whose IOVA and target
 * both rise by the page size and whose other bits are equal, so a row stands for exactly the entries it
 * names and nothing is lost. A batch is reused by the walker: take what is needed before asking for more.
 */
export interface LeafBatch {
  /** Rows in use. */
  length: number;
  /** IOVA of the first leaf, as a page frame number (4 KiB). Index arithmetic, not sign-extended. */
  readonly iova: Float64Array;
  /** Target of the first leaf, as a page frame number (4 KiB). */
  readonly target: Float64Array;
  /** Leaves in the run, 1..512. */
  readonly count: Uint16Array;
  /** Level of the entries: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB. */
  readonly level: Uint8Array;
  /** The leaf's own permissions: ACCESS_READ, ACCESS_WRITE. */
  readonly access: Uint8Array;
  /** Bits 31:0 of the first entry. */
  readonly lo: Uint32Array;
  /** Bits 63:32 of the first entry. */
  readonly hi: Uint32Array;
}

/** Bit of `access`: the leaf allows reads. */
export const ACCESS_READ = 1;
/** Bit of `access`: the leaf allows writes. */
export const ACCESS_WRITE = 2;

/** Entries in a table page. */
export const ENTRIES_PER_TABLE = 512;

/** 4 KiB pages that one entry of a level spans, by level (vtd.md 1.11); index 0 is unused. */
export const PAGES_PER_ENTRY: readonly number[] = [0, 1, 2 ** 9, 2 ** 18, 2 ** 27, 2 ** 36, 2 ** 45];

/** @returns 4 KiB pages that one entry of `level` (1..6) spans, 0 for any other level. */
export function pagesPerEntry(level: number): number {
  return PAGES_PER_ENTRY[level] ?? 0;
}

/**
 * @param capacity rows; at least ENTRIES_PER_TABLE, so that a whole table page always fits
 * @returns an empty batch
 */
export function createLeafBatch(capacity: number): LeafBatch {
  return {
    length: 0,
    iova: new Float64Array(capacity),
    target: new Float64Array(capacity),
    count: new Uint16Array(capacity),
    level: new Uint8Array(capacity),
    access: new Uint8Array(capacity),
    lo: new Uint32Array(capacity),
    hi: new Uint32Array(capacity),
  };
}
