/** Looks for pages whose 512 words rise by a page each. */

const PAGE = 4096;
/** 32-bit words of a page. */
const WORDS = PAGE / 4;
/** The last page frame, in the low half, from which 512 pages stay within their 4 GiB: the high half is that of all. */
const LAST_FRAME = 0x100000 - 512;

/** Pages that are looked at together. */
export const MOST_PAGES = 16;

/** A window to read memory into, and a look at what is there. */
export interface RisingScan {
  readonly bytes: Uint8Array;
  /** By page from `scan`'s first on: its first word, low half first, or 0 where the page does not rise. */
  readonly firsts: Int32Array;
  /**
   * Fills `firsts`.
   *
   * @param from first byte, a multiple of 4
   * @param pages that are looked at, all in the window, MOST_PAGES at most
   * @returns a bit for each page that rises, from bit 0 on; from bit 16 on one for each of these that has none of the
   *   bytes asked for where all its words have the same byte, in bits 7:0 and 39:32
   */
  scan(from: number, pages: number): number;
}

/**
 * @param size bytes of the window
 * @param asked bytes of patterns that are looked for besides
 */
export function createRisingScan(size: number, asked: Iterable<number>): RisingScan {
  const marked = new Uint8Array(256);
  for (const byte of asked) marked[byte] = 1;
  const bytes = new Uint8Array(Math.ceil(size / 4) * 4);
  const words = new Int32Array(bytes.buffer);
  const firsts = new Int32Array(2 * Math.floor(size / PAGE));
  return {
    bytes: bytes.subarray(0, size),
    firsts,
    scan(from, pages) {
      let found = 0;
      for (let page = 0; page < pages; page++) {
        const at = from / 4 + page * WORDS;
        const rising = rises(words, at);
        const lo = rising ? (words[at] as number) : 0;
        const hi = rising ? (words[at + 1] as number) : 0;
        firsts[2 * page] = lo;
        firsts[2 * page + 1] = hi;
        if (!rising) continue;
        found |= 1 << page;
        if (marked[lo & 0xff] === 0 && marked[hi & 0xff] === 0) found |= 1 << (page + 16);
      }
      return found;
    },
  };
}

/** Whether the 512 words of 64 bits from 32-bit word `at` on rise by a page each, within one 4 GiB. */
function rises(words: Int32Array, at: number): boolean {
  const lo = words[at] as number;
  const hi = words[at + 1] as number;
  if (words[at + 2] !== ((lo + PAGE) | 0) || words[at + 3] !== hi || lo >>> 12 > LAST_FRAME) return false;
  const end = (at + WORDS) | 0;
  let expected = lo | 0;
  // All differences at once: of the pages that get here few are others.
  let differs = 0;
  for (let i = at | 0; i < end; i = (i + 4) | 0) {
    differs |= ((words[i] as number) ^ expected) | ((words[i + 1] as number) ^ hi);
    expected = (expected + PAGE) | 0;
    differs |= ((words[i + 2] as number) ^ expected) | ((words[i + 3] as number) ^ hi);
    expected = (expected + PAGE) | 0;
  }
  return differs === 0;
}
