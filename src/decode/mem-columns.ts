/** kho_mem records as numbers: trees hold hundreds of thousands, too many for two bigints and an object each. */
import type { MemStretch } from '../abi/mem-cache.js';
import type { RecordView } from '../abi/record-view.js';
import { LITTLE_ENDIAN_HOST } from '../memory/host-order.js';
import { type PageSet, pageSet, pageSetOfPages } from '../memory/page-set.js';
import { KHO_MEM, KHO_MEM_ADDR_BITS, KHO_MEM_SIZE, type KhoMem } from '../records/kho.js';

/** The records of a view in columns. */
export interface MemColumns {
  readonly count: number;
  /** Physical byte addresses without the flag, half-open; exact where MEM_HUGE is not set. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** MEM_ bits. */
  readonly flags: Uint8Array;
  /** MEM_ bits that some record has; 0 says of all that there is nothing odd about them. */
  readonly anyFlag: number;
  /** The least address that a record begins at, and the highest that one ends at. */
  readonly lowest: number;
  readonly highest: number;
  /** The bytes that every record has, 0 where they differ; and those of all together. */
  readonly size: number;
  readonly bytes: number;
  /**
   * Index of the first record of each stretch, and after them `count`. Within a stretch of several, no record has
   * a MEM_ bit, and each begins where the one before ends: tables come page by page, and their stretch is one
   * step in a query for kept memory.
   */
  readonly stretches: Int32Array;
}

/** The flag NOINIT of kho_mem.addr is set. */
export const MEM_NOINIT = 1;
/** The range is not one of whole pages of 4 KiB. */
export const MEM_RAGGED = 2;
/** Bits 1 or 2 of the address are set. */
export const MEM_STRAY = 4;
/** The range is empty. */
export const MEM_EMPTY = 8;
/** The range ends beyond 2^52, or wraps. */
export const MEM_HUGE = 16;

const PAGE_LOW = 0xfff;
const LIMIT = 2 ** 52;
const known = new WeakMap<RecordView<KhoMem>, MemColumns>();

/** The columns of a view; worked out once. */
export function memColumns(records: RecordView<KhoMem>): MemColumns {
  let columns = known.get(records);
  if (columns === undefined) {
    columns = createColumns(records);
    known.set(records, columns);
  }
  return columns;
}

/** Records [first, after) of a view that are one stretch, where it begins and ends, and the MEM_ bits of its first. */
export interface MemSpan {
  readonly first: number;
  readonly after: number;
  readonly start: number;
  readonly end: number;
  readonly flags: number;
}

/** The stretches of a view, in their order: one object, whose values change with each, as there are many. */
export function* memSpans(records: RecordView<KhoMem>): Generator<MemSpan> {
  const { start, end, flags, stretches } = memColumns(records);
  const span = { first: 0, after: 0, start: 0.5, end: 0.5, flags: 0 };
  for (let i = 0; i + 1 < stretches.length; i++) {
    span.first = stretches[i] as number;
    span.after = stretches[i + 1] as number;
    span.start = start[span.first] as number;
    span.end = end[span.after - 1] as number;
    span.flags = flags[span.first] as number;
    yield span;
  }
}

/** The same as records, exact whatever they are. */
export function* memStretches(records: RecordView<KhoMem>): Generator<MemStretch> {
  for (const { first, after, start, end } of memSpans(records)) {
    if (after - first === 1) yield records.at(first);
    else {
      const parts = () => recordsBetween(records, first, after);
      yield { addr: BigInt(start), len: BigInt(end - start), parts };
    }
  }
}

function* recordsBetween(records: RecordView<KhoMem>, first: number, after: number): Generator<KhoMem> {
  for (let i = first; i < after; i++) yield records.at(i);
}

function createColumns({ length, bytes }: RecordView<KhoMem>): MemColumns {
  const words = wordsOf(bytes);
  const start = new Float64Array(length);
  const end = new Float64Array(length);
  const flags = new Uint8Array(length);
  const noinit = KHO_MEM_ADDR_BITS.noinit.lo;
  let anyFlag = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  const size = length > 0 ? bytesAt(words, 0) : 0;
  let alike = true;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const at = i * RECORD_WORDS;
    const addrLo = words[at + ADDR] as number;
    const lenLo = words[at + LEN] as number;
    const lenHi = words[at + LEN + 1] as number;
    const low = addrLo & ~noinit;
    const from = (words[at + ADDR + 1] as number) * 2 ** 32 + (low >>> 0);
    const bytesOf = lenHi * 2 ** 32 + lenLo;
    const to = from + bytesOf;
    start[i] = from;
    end[i] = to;
    const bits =
      ((addrLo & noinit) !== 0 ? MEM_NOINIT : 0) |
      (((low | lenLo) & PAGE_LOW) !== 0 ? MEM_RAGGED : 0) |
      ((low & 6) !== 0 ? MEM_STRAY : 0) |
      ((lenLo | lenHi) === 0 ? MEM_EMPTY : 0) |
      (to > LIMIT ? MEM_HUGE : 0);
    flags[i] = bits;
    anyFlag |= bits;
    if (bytesOf !== size) alike = false;
    sum += bytesOf;
    if (from < lowest) lowest = from;
    if (to > highest) highest = to;
  }
  const stretches = stretchesOf(start, end, flags);
  return {
    ...{ count: length, start, end, flags, anyFlag, lowest, highest },
    ...{ size: alike ? size : 0, bytes: sum, stretches },
  };
}

const RECORD_WORDS = KHO_MEM_SIZE / 4;
const ADDR = KHO_MEM.addr / 4;
const LEN = KHO_MEM.len / 4;

/** Bytes of record `i`. */
function bytesAt(words: Uint32Array, i: number): number {
  const at = i * RECORD_WORDS + LEN;
  return (words[at + 1] as number) * 2 ** 32 + (words[at] as number);
}

/** Little-endian words, read where they are if the host has that order: a DataView takes a call for each. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  const count = Math.floor(length / 4);
  if (LITTLE_ENDIAN_HOST && byteOffset % 4 === 0) return new Uint32Array(buffer, byteOffset, count);
  const view = new DataView(buffer, byteOffset, length);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = view.getUint32(i * 4, true);
  return words;
}

/** What records keep, as pages. */
export interface MemPages {
  /** Those of records without MEM_NOINIT and MEM_HUGE, rounded outwards. */
  readonly pages: PageSet;
  /** Indices of the records that have one of the two, ascending. */
  readonly others: readonly number[];
}

const pagesKnown = new WeakMap<RecordView<KhoMem>, MemPages>();

/** The pages of a view; worked out once, as many rules ask for those of tables, of which there are thousands. */
export function memPages(records: RecordView<KhoMem>, pageSize: number): MemPages {
  const before = pagesKnown.get(records);
  if (before?.pages.pageSize === pageSize) return before;
  const pages = createPages(records, pageSize);
  pagesKnown.set(records, pages);
  return pages;
}

function createPages(records: RecordView<KhoMem>, pageSize: number): MemPages {
  const { start, flags, anyFlag, size } = memColumns(records);
  // As tables are listed: a record each.
  if (anyFlag === 0 && size === pageSize) return { pages: pageSetOfPages(start, pageSize), others: [] };
  const others: number[] = [];
  if ((anyFlag & APART) !== 0)
    flags.forEach((bits, i) => {
      if ((bits & APART) !== 0) others.push(i);
    });
  return { pages: pageSet(together(records), pageSize), others };
}

const APART = MEM_NOINIT | MEM_HUGE;

function* together(records: RecordView<KhoMem>): Generator<{ readonly start: number; readonly end: number }> {
  for (const span of memSpans(records)) if ((span.flags & APART) === 0) yield span;
}

function stretchesOf(start: Float64Array, end: Float64Array, flags: Uint8Array): Int32Array {
  const count = start.length;
  const firsts = new Int32Array(count + 1);
  let stretches = 0;
  for (let i = 0; i < count; i++) {
    const follows =
      i > 0 && start[i] === end[i - 1] && ((flags[i] as number) | (flags[i - 1] as number)) === 0;
    if (!follows) firsts[stretches++] = i;
  }
  firsts[stretches] = count;
  return firsts.slice(0, stretches + 1);
}
