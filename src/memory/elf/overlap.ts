/**
 * Memory that several segments hold: a core of x86-64 has the kernel's text twice, at its place in the direct map
 * and at the address that it is linked to (fs/proc/vmcore.c, kclist_add in arch/x86/mm/init_64.c).
 */
import type { RandomAccess } from '../random-access.js';
import { findRun, type RunPieces, type RunTable, ZERO_RUN } from '../run-table.js';

/** Bytes compared at a time. */
const WINDOW = 1 << 16;
/** Bytes compared in all, beside twice the file's own: damaged headers could ask for the square of it. */
const MIN_BUDGET = 64 << 20;
/** How many runs a segment may have looked at on average, and all of them beside that. */
const RUNS_EACH = 8;
const MIN_RUNS = 1 << 14;

/**
 * How many bytes of memory are in several segments that do not say the same of them.
 *
 * @param pieces all that the segments hold
 * @param table which of them is used for what
 * @returns the number of bytes in stretches of at most 64 KiB that differ; Infinity where finding out would cost too much
 */
export function differingBytes(file: RandomAccess, pieces: RunPieces, table: RunTable): number {
  let budget = Math.max(MIN_BUDGET, 2 * file.size);
  let runs = MIN_RUNS + pieces.count * RUNS_EACH;
  const same = comparer(file);
  let differing = 0;
  for (let piece = 0; piece < pieces.count; piece++) {
    const start = pieces.starts[piece] ?? 0;
    const end = pieces.ends[piece] ?? 0;
    const own = pieces.offsets[piece] ?? ZERO_RUN;
    for (let run = findRun(table, start); run < table.count; run++) {
      const runStart = table.starts[run] ?? 0;
      if (runStart >= end) break;
      if (--runs < 0 || budget < 0) return Number.POSITIVE_INFINITY;
      const used = table.offsets[run] ?? ZERO_RUN;
      const from = Math.max(start, runStart);
      const to = Math.min(end, table.ends[run] ?? 0);
      const mine = own === ZERO_RUN ? ZERO_RUN : own + (from - start);
      const theirs = used === ZERO_RUN ? ZERO_RUN : used + (from - runStart);
      if (mine === theirs) continue;
      for (let at = 0; at < to - from; at += WINDOW) {
        const length = Math.min(WINDOW, to - from - at);
        budget -= length;
        if (budget < 0 || !same(shifted(mine, at), shifted(theirs, at), length)) differing += length;
      }
    }
  }
  return differing;
}

const shifted = (offset: number, by: number) => (offset === ZERO_RUN ? ZERO_RUN : offset + by);

/** Tells whether two stretches of the file, of at most {@link WINDOW} bytes, are the same; `ZERO_RUN` stands for zeros. */
function comparer(file: RandomAccess): (a: number, b: number, length: number) => boolean {
  const [left, right] = [new Uint8Array(WINDOW), new Uint8Array(WINDOW)];
  const [leftWords, rightWords] = [new Int32Array(left.buffer), new Int32Array(right.buffer)];
  const load = (into: Uint8Array, offset: number, length: number): void => {
    const known = offset === ZERO_RUN ? 0 : file.readAt(offset, length, into);
    into.fill(0, known, Math.ceil(length / 4) * 4);
  };
  return (a, b, length) => {
    load(left, a, length);
    load(right, b, length);
    for (let i = 0; 4 * i < length; i++) if (leftWords[i] !== rightWords[i]) return false;
    return true;
  };
}
