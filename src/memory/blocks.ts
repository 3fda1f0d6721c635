/** Blocks of the page allocator: 2^order pages, at a multiple of their size. */

/** A block in memory, half-open. */
export interface BlockRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly order: number;
}

/** Bits of the page offset: 12 for 4096. */
export function pageShift(pageSize: number): number {
  return Math.round(Math.log2(pageSize));
}

/** Bytes of a block. */
export function blockSize(order: number, pageSize: number): bigint {
  return BigInt(pageSize) << BigInt(order);
}

/** The block of a number: a block's number is its address divided by its size. */
export function blockRange(number: bigint, order: number, pageSize: number): BlockRange {
  const size = blockSize(order, pageSize);
  return { start: number * size, end: (number + 1n) * size, order };
}

/** The order of the smallest block that has room for so many bytes. */
export function orderOf(bytes: number, pageSize: number): number {
  return Math.max(0, Math.ceil(Math.log2(bytes / pageSize)));
}

/** The order of the first block that a range of page frames is split into (kho_preserve_pages, kho_restore_pages). */
export function splitOrder(pfn: number, end: number): number {
  let order = 0;
  for (let pages = 2; pfn % pages === 0 && pfn + pages <= end; pages *= 2) order++;
  return order;
}

/** Whether blocks of an order have room in 64 bits of address. */
export function orderFits(order: number, pageSize: number): boolean {
  return order + pageShift(pageSize) <= 63;
}

/** The largest order whose size in bytes a 32-bit int holds, as kernels compute it in places. */
export function largestIntOrder(pageSize: number): number {
  return 30 - pageShift(pageSize);
}
