/** Sets of page frames that are collected from runs in any order, and held by the bit where they are many. */
import { createBlockBits } from '../../decode/upstream/block-bits.js';
import { pageSetOfFrames } from '../../memory/page-set.js';

/** What the comparison asks of a set of page frames, wherever it comes from. */
export interface Frames {
  /** End of a stretch of the set that begins at `first`, `limit` at most; `first` where it is not in the set. */
  coveredUntil(first: number, limit: number): number;
  /** The first frame of the set from `first` on; `limit` where there is none before it. */
  nextCovered(first: number, limit: number): number;
  /** Runs of frames, ascending, neighbours merged. */
  runs(): Iterable<{ readonly start: number; readonly end: number }>;
  countPages(): number;
}

export interface FramesBuilder {
  /** Adds frames [first, end). */
  add(first: number, end: number): void;
  /** The frames added so far; nothing is added after it. */
  finish(): Frames;
}

/** Up to so many runs are kept as they are. */
const FEW = 1024;
/** Blocks whose bits fill one chunk of a bitmap make up one of the next order. */
const ORDERS = [30, 15, 0] as const;
const STEP = 15;

/** @param pageSize bytes of a page, a power of two of 4096 or more */
export function createFrames(pageSize: number): FramesBuilder {
  let few: { start: number; end: number }[] | undefined = [];
  let bits: ReturnType<typeof createBlockBits> | undefined;

  function addBits(first: number, end: number): void {
    bits ??= createBlockBits(pageSize);
    // Nearly all of very many runs are short: they make up no block of a larger order.
    if (end - first < 2 ** STEP) {
      bits.addRun(0, first, end - first);
      return;
    }
    for (let at = first; at < end; ) {
      const order = ORDERS.find((each) => at % 2 ** each === 0 && end - at >= 2 ** each) ?? 0;
      const unit = 2 ** order;
      const above = order === ORDERS[0] ? Number.POSITIVE_INFINITY : 2 ** (order + STEP);
      // A block of the order above may begin at its next multiple.
      const next = above === Number.POSITIVE_INFINITY ? above : (Math.floor(at / above) + 1) * above;
      const count = Math.floor((Math.min(end, next) - at) / unit);
      bits.addRun(order, at / unit, count);
      at += count * unit;
    }
  }

  return {
    add(first, end) {
      if (!(first < end)) return;
      if (few === undefined) {
        addBits(first, end);
        return;
      }
      const last = few.at(-1);
      if (last?.end === first) last.end = end;
      else few.push({ start: first, end });
      if (few.length <= FEW) return;
      for (const run of few) addBits(run.start, run.end);
      few = undefined;
    },
    finish: () =>
      few === undefined && bits !== undefined ? bits.finish() : pageSetOfFrames(few ?? [], pageSize),
  };
}

/** The frames of ranges of bytes, each rounded outwards to whole pages. */
export function framesOf(
  runs: Iterable<{ readonly start: number; readonly end: number }>,
  pageSize: number,
): Frames {
  const frames = createFrames(pageSize);
  for (const { start, end } of runs) frames.add(Math.floor(start / pageSize), Math.ceil(end / pageSize));
  return frames.finish();
}
