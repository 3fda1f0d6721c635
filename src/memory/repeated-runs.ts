/** Which runs of a table show bytes of the file that earlier runs show already, as aliased segments do. */
import { type RunTable, ZERO_RUN } from './run-table.js';

/** Bytes of the file that one bit stands for, at least. */
const GRAIN = 4096;
/** Bits kept for a file, at most: 8 MiB. */
const MAX_BITS = 2 ** 26;

/**
 * Marks the runs all of whose bytes are in runs before them. A run that is not marked may still repeat a part.
 *
 * @returns a byte for each run, 1 for repeated ones; undefined when runs together show no more than the file has
 */
export function repeatedRuns({ count, starts, ends, offsets }: RunTable): Uint8Array | undefined {
  let shown = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const offset = offsets[i] ?? ZERO_RUN;
    if (offset === ZERO_RUN) continue;
    const size = (ends[i] ?? 0) - (starts[i] ?? 0);
    shown += size;
    last = Math.max(last, offset + size);
  }
  if (shown <= last) return undefined;
  const grain = Math.max(GRAIN, 2 ** Math.ceil(Math.log2(last / MAX_BITS)));
  const seen = new Uint32Array(Math.ceil(last / grain / 32) + 1);
  const repeated = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const offset = offsets[i] ?? ZERO_RUN;
    if (offset === ZERO_RUN) continue;
    const end = offset + (ends[i] ?? 0) - (starts[i] ?? 0);
    // Whole grains count as seen; pieces of grains have to be looked at whenever they come.
    const outer = allSet(seen, Math.floor(offset / grain), Math.ceil(end / grain));
    if (outer) repeated[i] = 1;
    else setAll(seen, Math.ceil(offset / grain), Math.floor(end / grain));
  }
  return repeated;
}

function allSet(words: Uint32Array, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const bits = Math.min(32 - (at & 31), to - at);
    const mask = maskOf(at & 31, bits);
    if (((words[at >>> 5] ?? 0) & mask) >>> 0 !== mask) return false;
    at += bits;
  }
  return true;
}

function setAll(words: Uint32Array, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const bits = Math.min(32 - (at & 31), to - at);
    words[at >>> 5] = (words[at >>> 5] ?? 0) | maskOf(at & 31, bits);
    at += bits;
  }
}

function maskOf(shift: number, bits: number): number {
  return bits === 32 ? 0xffff_ffff : (((1 << bits) - 1) << shift) >>> 0;
}
