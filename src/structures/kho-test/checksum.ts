/** The Internet checksum's running sum (RFC 1071) over physical memory, as csum_partial of the kernel computes it. */
import { pageShift } from '../../memory/blocks.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { isKnown } from '../../memory/read.js';
import { hex } from '../../schema/units.js';
import type { Computed } from '../rider.js';

const WINDOW = 1 << 16;

/**
 * Adds memory to a ones'-complement sum of 32-bit little-endian words, which is what x86 keeps; arm64 keeps
 * other 32-bit values that fold to the same 16 bits.
 *
 * @param length bytes, a multiple of 4
 * @param sum the sum so far, 32 bits
 * @returns undefined when not all bytes are known
 */
function checksum32(
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

/** More bytes are not summed up; the test preserves 1 GiB at most (two blocks of the highest order, 64K pages). */
const MAX_SUMMED = 2 ** 32;
/** Physical addresses end below 2^52. */
const ADDRESS_BITS = 52;

interface Summed {
  readonly folios?: Iterable<{ readonly address: bigint; readonly order: number }> & {
    readonly length: number;
  };
  readonly nrFolios?: number;
  readonly csum?: number;
}

/** The sum of the folios when the dump has all of them: it is how the test itself tells whether they survived. */
export const folioSum: Computed = {
  key: 'csumComputed',
  of(part, memory, pageSize) {
    const { folios, csum, nrFolios } = part as Summed;
    if (folios === undefined || csum === undefined || folios.length !== nrFolios) return undefined;
    const limit = ADDRESS_BITS - pageShift(pageSize);
    let total = 0;
    for (const { address, order } of folios) {
      if (order > limit) return undefined;
      const size = pageSize * 2 ** order;
      total += size;
      const start = Number(address);
      if (total > MAX_SUMMED || !isKnown(memory, start, start + size)) return undefined;
    }
    let sum: number | undefined = 0;
    for (const { address, order } of folios) {
      sum = checksum32(memory, Number(address), pageSize * 2 ** order, sum);
      if (sum === undefined) return undefined;
    }
    return sum;
  },
  problem({ csum }, computed) {
    const [found, stated] = [fold16(computed), fold16(csum as number)];
    if (found === stated) return undefined;
    return {
      code: 'kho-test-csum',
      message: `kho_test: the checksum of the folios is ${hex(found)}, but csum is ${hex(stated)} (both folded to 16 bits)`,
      location: { fdtPath: '/data', property: 'csum' },
    };
  },
};
