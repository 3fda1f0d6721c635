/**
 * Looks for pages whose 512 words rise by a page each. In WebAssembly where that is allowed: two words at a time, and
 * fast from the first page on, while V8 takes a third of a file to find out that the loop here is worth compiling.
 */
import { RISING_WASM } from './rising-wasm.js';

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

let allowed = false;

/** From now on scans use WebAssembly where there is any: not a matter of course in browsers, where a policy may forbid it. */
export function allowWasm(): void {
  allowed = true;
}

/**
 * @param size bytes of the window
 * @param bytes asked for: those of patterns that are looked for besides
 * @param wasm use WebAssembly if there is any; as {@link allowWasm} says when left out
 */
export function createRisingScan(size: number, bytes: Iterable<number>, wasm = allowed): RisingScan {
  const marked = new Uint8Array(256);
  for (const byte of bytes) marked[byte] = 1;
  return (wasm ? wasmScan(size, marked) : undefined) ?? plainScan(size, marked);
}

function plainScan(size: number, marked: Uint8Array): RisingScan {
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

/** What of WebAssembly is used; not every set of types that the library is compiled with has it. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
      scan(at: number, end: number, out: number, table: number): number;
    };
  };
}

/** Bytes of a page of WebAssembly's memory. */
const WASM_PAGE = 65536;

/** @returns undefined where there is no WebAssembly, or none with vectors */
function wasmScan(size: number, marked: Uint8Array): RisingScan | undefined {
  const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly?: Wasm };
  if (wasm === undefined) return undefined;
  try {
    const code = Uint8Array.from(atob(RISING_WASM), (letter) => letter.charCodeAt(0));
    const { memory, scan } = new wasm.Instance(new wasm.Module(code)).exports;
    const most = Math.floor(size / PAGE);
    const out = Math.ceil(size / 8) * 8;
    const table = out + most * 8;
    memory.grow(Math.ceil((table + marked.length) / WASM_PAGE));
    new Uint8Array(memory.buffer, table).set(marked);
    return {
      bytes: new Uint8Array(memory.buffer, 0, size),
      firsts: new Int32Array(memory.buffer, out, 2 * most),
      scan: (from, pages) => scan(from, from + pages * PAGE, out, table),
    };
  } catch {
    return undefined;
  }
}
