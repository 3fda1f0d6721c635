/** How much is preserved. */
import type { Handover } from './model.js';

/** Bytes of preserved memory. */
export function bytesOf({ pages, ranges }: NonNullable<Handover['preserved']>): bigint {
  if (pages !== undefined) return BigInt(pages.countPages()) * BigInt(pages.pageSize);
  let bytes = 0n;
  for (const { start, end } of ranges) bytes += end - start;
  return bytes;
}
