/**
 * Reads a little-endian u64 as a number: exact below 2^53, and at least 2^53 for everything above, which
 * is all that a bounds check has to know.
 */
export function u64AsNumber(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}
