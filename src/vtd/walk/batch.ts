import type { EntryFormat } from './format.js';

/**
 * Leaves as runs. One row is a run: leaves of one size whose IOVA and target both rise by the page size and
 * whose other bits are equal, so a row stands for exactly the entries it names and nothing is lost; runs go on
 * across table pages. A batch is reused by the walker: take what is needed before asking for more.
 *
 * Only what the walk itself knows is stored, in one array, because each further array costs the hot loop a
 * check a leaf. Columns follow from it when someone asks: `iovasOf`, `pagesOf`, `targetsOf`, `accessesOf`.
 */
export interface LeafBatch {
  /** Rows in use. */
  length: number;
  /** How the entries are read. */
  readonly format: EntryFormat;
  /**
   * ROW_WORDS words a row, the halves of its first entry at ROW_LO and ROW_HI: for all rows as they are in tables,
   * so that leaves which are apart are copied as a whole. From `spansAt` on as many words a row again, at SPAN_START
   * and SPAN_END the IOVA pages after `base`; those are the walker's own.
   */
  readonly rows: Int32Array;
  readonly spansAt: number;
  /** The entries of rows again, as doubles, where the host is little-endian: without bit 63 they order as integers do. */
  readonly entries: Float64Array;
  /** Level of the entries: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB; 0 for runs of leaves of several sizes. */
  readonly level: Uint8Array;
  /** IOVA of the first row, and the one that the walker's words of the others count from (page frame numbers). */
  first: number;
  base: number;
  /** Another number for each batch that a walk gives out. */
  serial: number;
  /** 4 KiB pages that all rows map. */
  totalPages: number;
  /** Whether all rows are of level 1. */
  small: boolean;
  /** Whether no row continues the one before it: true for what a walk gives out, over all its batches. */
  maximal: boolean;
  /**
   * Bits that some leaf has, and bits that all leaves have, over at least the rows of the batch. The address
   * bits of the low half say nothing.
   */
  orLo: number;
  orHi: number;
  andLo: number;
  andHi: number;
  readonly derived: DerivedColumns;
}

/** Words of a row's entry, and of its span, in `rows`; and which is which. */
export const ROW_WORDS = 2;
/** Bits 31:0 of the entry. */
export const ROW_LO = 0;
/** Bits 63:32 of the entry. */
export const ROW_HI = 1;
/** First leaf of the span. */
export const SPAN_START = 0;
/** Where the span ends. */
export const SPAN_END = 1;
// V8 reads an imported or exported constant from its cell each time, also within a loop; others are folded.
const WORDS = ROW_WORDS;
const LO = ROW_LO;
const HI = ROW_HI;
const START = SPAN_START;
const END = SPAN_END;

/** Columns worked out on demand, each with the number of rows that it is valid for. Empty until first asked for. */
export interface DerivedColumns {
  iova: Float64Array;
  pages: Float64Array;
  target: Float64Array;
  access: Uint8Array;
  iovas: number;
  lengths: number;
  targets: number;
  accesses: number;
}

/** Bit of an access: the leaf allows reads. */
export const ACCESS_READ = 1;
/** Bit of an access: the leaf allows writes. */
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
export function createLeafBatch(capacity: number, format: EntryFormat): LeafBatch {
  // Room for a row in front of the spans: the walker writes the end of the row before without asking whether there is one.
  const rows = new Int32Array((2 * capacity + 1) * WORDS);
  return {
    length: 0,
    format,
    rows,
    entries: new Float64Array(rows.buffer, 0, capacity),
    spansAt: (capacity + 1) * WORDS,
    level: new Uint8Array(capacity).fill(1),
    first: 0,
    base: 0,
    serial: 0,
    totalPages: 0,
    small: true,
    maximal: false,
    orLo: 0,
    orHi: 0,
    andLo: -1,
    andHi: -1,
    derived: {
      iova: NO_NUMBERS,
      pages: NO_NUMBERS,
      target: NO_NUMBERS,
      access: NO_BYTES,
      iovas: 0,
      lengths: 0,
      targets: 0,
      accesses: 0,
    },
  };
}

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);

/** A column with a place for each row that the batch can have. */
function columnFor({ level }: LeafBatch, column: Float64Array): Float64Array {
  return column.length < level.length ? new Float64Array(level.length) : column;
}

/** To be called when the rows of a batch have changed: what was worked out from them no longer holds. */
export function forgetDerived({ derived }: LeafBatch): void {
  derived.iovas = 0;
  derived.lengths = 0;
  derived.targets = 0;
  derived.accesses = 0;
}

/** A row for a batch that is not a walk's own. */
export interface LeafRow {
  /** Page frame number, and length in 4 KiB pages. */
  readonly iova: number;
  readonly pages: number;
  readonly level: number;
  /** Halves of the first entry. */
  readonly lo: number;
  readonly hi: number;
}

/** Appends a row to a batch that is filled by hand. The batch must have room. */
export function appendRow(batch: LeafBatch, { iova, pages, level, lo, hi }: LeafRow): void {
  const { rows, derived } = batch;
  const row = batch.length++;
  derived.iova = columnFor(batch, derived.iova);
  derived.pages = columnFor(batch, derived.pages);
  rows[row * WORDS + LO] = lo;
  rows[row * WORDS + HI] = hi;
  batch.level[row] = level;
  derived.iova[row] = iova;
  derived.pages[row] = pages;
  derived.iovas = batch.length;
  derived.lengths = batch.length;
  batch.totalPages += pages;
  if (level !== 1) batch.small = false;
  batch.orLo |= lo;
  batch.orHi |= hi;
  batch.andLo &= lo;
  batch.andHi &= hi;
}

/** @returns for each row the IOVA of its first leaf, as a page frame number (4 KiB): index arithmetic, not sign-extended */
export function iovasOf(batch: LeafBatch): Float64Array {
  const { derived, length, rows, spansAt, base } = batch;
  derived.iova = columnFor(batch, derived.iova);
  const { iova } = derived;
  if (derived.iovas < length) {
    for (let row = 0; row < length; row++) iova[row] = base + (rows[spansAt + row * WORDS + START] as number);
    iova[0] = batch.first;
    derived.iovas = length;
  }
  return iova;
}

/** @returns for each row its length in 4 KiB pages: a multiple of what one leaf maps */
export function pagesOf(batch: LeafBatch): Float64Array {
  const { derived, length, rows, spansAt } = batch;
  derived.pages = columnFor(batch, derived.pages);
  const { pages } = derived;
  if (derived.lengths < length) {
    for (let row = 0; row < length; row++) {
      const at = spansAt + row * WORDS;
      pages[row] = (rows[at + END] as number) - (rows[at + START] as number);
    }
    pages[0] = batch.base - batch.first + (rows[spansAt + END] as number);
    derived.lengths = length;
  }
  return pages;
}

/** @returns for each row the target of its first leaf, as a page frame number */
export function targetsOf(batch: LeafBatch): Float64Array {
  const { derived, length } = batch;
  derived.target = columnFor(batch, derived.target);
  if (derived.targets < length) {
    fillTargets(batch, derived.target);
    derived.targets = length;
  }
  return derived.target;
}

function fillTargets({ length, rows, level, small, format }: LeafBatch, target: Float64Array): void {
  const { addressHi } = format;
  for (let row = 0; row < length; row++) {
    const at = row * WORDS;
    target[row] = ((rows[at + HI] as number) & addressHi) * 0x100000 + ((rows[at + LO] as number) >>> 12);
  }
  if (small) return;
  for (let row = 0; row < length; row++) {
    // The low bits of the address field of a large leaf are reserved or attributes, never address.
    const span = pagesPerEntry(level[row] as number);
    if (span > 1) target[row] = (target[row] as number) - ((target[row] as number) % span);
  }
}

/** @returns for each row the leaves' own permissions, ACCESS_READ and ACCESS_WRITE */
export function accessesOf(batch: LeafBatch): Uint8Array {
  const { derived, length, level } = batch;
  if (derived.access.length < level.length) derived.access = new Uint8Array(level.length);
  if (derived.accesses < length) {
    fillAccesses(batch, derived.access);
    derived.accesses = length;
  }
  return derived.access;
}

function fillAccesses({ length, rows, format }: LeafBatch, access: Uint8Array): void {
  const { permissionLo, permissionHi, permissionShift } = format;
  for (let row = 0; row < length; row++) {
    const at = row * WORDS;
    const lo = (rows[at + LO] as number) & permissionLo;
    access[row] = ((lo | ((rows[at + HI] as number) & permissionHi)) >>> permissionShift) & 3;
  }
}

/** @returns the target of one row, where the others are not asked for */
export function targetOfRow(batch: LeafBatch, row: number): number {
  const { derived, rows, level, format } = batch;
  if (derived.targets > row) return derived.target[row] as number;
  const at = row * WORDS;
  const page = ((rows[at + HI] as number) & format.addressHi) * 0x100000 + ((rows[at + LO] as number) >>> 12);
  const span = pagesPerEntry(level[row] as number);
  return span > 1 ? page - (page % span) : page;
}

/** @returns the length of one row in 4 KiB pages, where the others are not asked for */
export function pagesOfRow(batch: LeafBatch, row: number): number {
  const { derived, rows, spansAt, base, first } = batch;
  if (derived.lengths > row) return derived.pages[row] as number;
  const at = spansAt + row * WORDS;
  const end = rows[at + END] as number;
  return row === 0 ? base - first + end : end - (rows[at + START] as number);
}

/** @returns the IOVA page of one row, where the others are not asked for */
export function iovaOfRow({ derived, rows, spansAt, base, first }: LeafBatch, row: number): number {
  if (derived.iovas > row) return derived.iova[row] as number;
  return row === 0 ? first : base + (rows[spansAt + row * WORDS + START] as number);
}

/** @returns IOVA page after the last row; 0 for an empty batch */
export function endOf(batch: LeafBatch): number {
  const { length, maximal, base, rows, spansAt, derived } = batch;
  if (length === 0) return 0;
  if (maximal) return base + (rows[spansAt + (length - 1) * WORDS + END] as number);
  return (derived.iova[length - 1] as number) + (derived.pages[length - 1] as number);
}

/** @returns IOVA page of the first row; 0 for an empty batch */
export function startOf({ length, maximal, first, derived }: LeafBatch): number {
  return length === 0 ? 0 : maximal ? first : (derived.iova[0] as number);
}

/** The access that all rows of a batch have, or -1 when they differ. */
export function commonAccess({ orLo, orHi, andLo, andHi, format }: LeafBatch): number {
  const { permissionLo, permissionHi, permissionShift } = format;
  if ((((orLo ^ andLo) & permissionLo) | ((orHi ^ andHi) & permissionHi)) !== 0) return -1;
  return (((orLo & permissionLo) | (orHi & permissionHi)) >>> permissionShift) & 3;
}

/** Leaves of a row of `pages` pages and a level; rows of several sizes count none. */
export function leavesOfRow(pages: number, level: number): number {
  return level === 1 ? pages : level === 0 ? 0 : pages / pagesPerEntry(level);
}
