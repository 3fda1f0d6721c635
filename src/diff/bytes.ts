/** Bytes against bytes. */
import type { ByteDifference } from './difference.js';

/** Where two byte strings begin to differ, and in how many places. */
export function differingBytes(a: Uint8Array, b: Uint8Array): ByteDifference {
  const common = Math.min(a.length, b.length);
  const longer = Math.max(a.length, b.length);
  let offset = -1;
  let differing = longer - common;
  for (let i = 0; i < common; i++) {
    if (a[i] === b[i]) continue;
    if (offset < 0) offset = i;
    differing++;
  }
  return { offset: offset < 0 ? common : offset, differing, sizeA: a.length, sizeB: b.length };
}

/** Addresses as bytes, to be compared whole. */
export function packedAddresses(addresses: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(addresses).buffer);
}
