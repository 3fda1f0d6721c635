/** kho_mem records as numbers: trees hold hundreds of thousands, too many for two bigints and an object each. */
import type { MemStretch } from '../abi/mem-cache.js';
import type { RecordView } from '../abi/record-view.js';
import { KHO_MEM, KHO_MEM_ADDR_BITS, KHO_MEM_SIZE, type KhoMem } from '../records/kho.js';

/** The records of a view in columns. */
export interface MemColumns {
  readonly count: number;
  /** Physical byte addresses without the flag, half-open; exact where MEM_HUGE is not set. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** MEM_ bits. */
  readonly flags: Uint8Array;
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = new Float64Array(length);
  const end = new Float64Array(length);
  const flags = new Uint8Array(length);
  const noinit = KHO_MEM_ADDR_BITS.noinit.lo;
  for (let i = 0; i < length; i++) {
    const addrLo = view.getUint32(i * KHO_MEM_SIZE + KHO_MEM.addr, true);
    const addrHi = view.getUint32(i * KHO_MEM_SIZE + KHO_MEM.addr + 4, true);
    const lenLo = view.getUint32(i * KHO_MEM_SIZE + KHO_MEM.len, true);
    const lenHi = view.getUint32(i * KHO_MEM_SIZE + KHO_MEM.len + 4, true);
    const low = addrLo & ~noinit;
    const from = addrHi * 2 ** 32 + (low >>> 0);
    const to = from + (lenHi * 2 ** 32 + lenLo);
    start[i] = from;
    end[i] = to;
    flags[i] =
      ((addrLo & noinit) !== 0 ? MEM_NOINIT : 0) |
      (((low | lenLo) & PAGE_LOW) !== 0 ? MEM_RAGGED : 0) |
      ((low & 6) !== 0 ? MEM_STRAY : 0) |
      ((lenLo | lenHi) === 0 ? MEM_EMPTY : 0) |
      (to > LIMIT ? MEM_HUGE : 0);
  }
  return { count: length, start, end, flags, stretches: stretchesOf(start, end, flags) };
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
