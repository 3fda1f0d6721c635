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
/** What looking at a run costs of the same budget, and how many runs a segment may have looked at on average. */
const RUN_COST = 4096;
const RUNS_EACH = 8;

/**
 * How many bytes of memory are in several segments that do not say the same of them.
 *
 * @param pieces all that the segments hold
 * @param table which of them is used for what
 * @returns the number of bytes in stretches of at most 64 KiB that differ; Infinity where finding out would cost too much
 */
export function differingBytes(file: RandomAccess, pieces: RunPieces, table: RunTable): number {
  let budget = Math.max(MIN_BUDGET, 2 * file.size) + pieces.count * RUNS_EACH * RUN_COST;
  let differing = 0;
  for (let piece = 0; piece < pieces.count; piece++) {
    const start = pieces.starts[piece] ?? 0;
    const end = pieces.ends[piece] ?? 0;
    const own = pieces.offsets[piece] ?? ZERO_RUN;
    for (let run = findRun(table, start); run < table.count; run++) {
      const runStart = table.starts[run] ?? 0;
      if (runStart >= end) break;
      budget -= RUN_COST;
      if (budget < 0) return Number.POSITIVE_INFINITY;
      const used = table.offsets[run] ?? ZERO_RUN;
      const from = Math.max(start, runStart);
      const to = Math.min(end, table.ends[run] ?? 0);
      const mine = own === ZERO_RUN ? ZERO_RUN : own + (from - start);
      const theirs = used === ZERO_RUN ? ZERO_RUN : used + (from - runStart);
      if (mine === theirs) continue;
      for (let at = 0; at < to - from; at += WINDOW) {
        const length = Math.min(WINDOW, to - from - at);
        budget -= length;
        if (budget < 0 || !sameBytes(file, shifted(mine, at), shifted(theirs, at), length))
          differing += length;
      }
    }
  }
  return differing;
}

const shifted = (offset: number, by: number) => (offset === ZERO_RUN ? ZERO_RUN : offset + by);

function sameBytes(file: RandomAccess, a: number, b: number, length: number): boolean {
  const [left, right] = [bytesAt(file, a, length), bytesAt(file, b, length)];
  return left.every((byte, i) => byte === right[i]);
}

function bytesAt(file: RandomAccess, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (offset !== ZERO_RUN) file.readAt(offset, length, bytes);
  return bytes;
}
