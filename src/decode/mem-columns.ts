/** kho_mem records as numbers: trees hold hundreds of thousands, too many for two bigints and an object each. */
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
  return { count: length, start, end, flags };
}
