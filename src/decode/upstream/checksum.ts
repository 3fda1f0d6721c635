/** The Internet checksum's running sum (RFC 1071) over physical memory, as csum_partial of the kernel computes it. */
import type { PhysicalMemory } from '../../memory/physical.js';

const WINDOW = 1 << 16;

/**
 * Adds memory to a ones'-complement sum of 32-bit little-endian words, which is what x86 keeps; arm64 keeps
 * other 32-bit values that fold to the same 16 bits.
 *
 * @param length bytes, a multiple of 4
 * @param sum the sum so far, 32 bits
 * @returns undefined when not all bytes are known
 */
export function checksum32(
  memory: PhysicalMemory,
  address: number,
  length: number,
  sum: number,
): number | undefined {
  const bytes = new Uint8Array(Math.min(WINDOW, length));
  const view = new DataView(bytes.buffer);
  let total = sum;
  for (let done = 0; done < length; done += WINDOW) {
    const size = Math.min(WINDOW, length - done);
    if (memory.read(address + done, size, bytes) < size) return undefined;
    for (let at = 0; at + 4 <= size; at += 4) total += view.getUint32(at, true);
    // 2^14 words of 32 bits stay far below 2^53; carries are added back once a window.
    while (total > 0xffff_ffff) total = (total % 0x1_0000_0000) + Math.floor(total / 0x1_0000_0000);
  }
  return total;
}

/** A 32-bit ones'-complement sum folded to 16 bits; 0 and 0xffff are the same number, returned as 0xffff. */
export function fold16(sum: number): number {
  let value = (sum >>> 16) + (sum & 0xffff);
  value = (value >>> 16) + (value & 0xffff);
  return value === 0 && sum !== 0 ? 0xffff : value;
}
