/** Memory that changes while it is read, as the first read of each page found it. */
import type { PhysicalMemory } from './physical.js';

const PAGE = 4096;
/** Reads of this size on are searches, which need no memory of what they saw. */
const SEARCH = 1 << 16;

/**
 * The same memory, in which a page that was read whole stays as it was: what decoding saw is what is written later.
 *
 * @param limit bytes kept at most; pages beyond it are read anew each time
 */
export function frozenMemory(memory: PhysicalMemory, limit: number): PhysicalMemory {
  const pages = new Map<number, Uint8Array>();

  function pageAt(start: number): Uint8Array | undefined {
    const known = pages.get(start);
    if (known !== undefined) return known;
    if ((pages.size + 1) * PAGE > limit) return undefined;
    const bytes = new Uint8Array(PAGE);
    if (memory.read(start, PAGE, bytes) < PAGE) return undefined;
    pages.set(start, bytes);
    return bytes;
  }

  function read(address: number, length: number, into: Uint8Array): number {
    if (length >= SEARCH) return memory.read(address, length, into);
    let done = 0;
    while (done < length) {
      const at = address + done;
      const start = at - (at % PAGE);
      const size = Math.min(length - done, start + PAGE - at);
      const page = pageAt(start);
      const target = done === 0 ? into : into.subarray(done);
      const count = page === undefined ? memory.read(at, size, target) : size;
      if (page !== undefined) target.set(page.subarray(at - start, at - start + size));
      done += count;
      if (count < size) break;
    }
    return done;
  }

  return { ...memory, read };
}
