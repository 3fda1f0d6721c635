/** What a handover keeps, in frames of 4 KiB whatever its page size is. */
import type { Handover } from '../../abi/model.js';
import { pageSet } from '../../memory/page-set.js';

/** Bytes of a frame of the map: what remapping hardware calls a page, and what every page size is a multiple of. */
export const FRAME = 4096;

/** Preserved frames. */
export interface Kept {
  /** Runs of frames, ascending, neighbours merged. */
  runs(): Iterable<{ readonly start: number; readonly end: number }>;
  /** End of a stretch that begins at `first`, `limit` at most; `first` where it is not kept. */
  coveredUntil(first: number, limit: number): number;
  /** The first kept frame from `first` on; `limit` where there is none before it. */
  nextCovered(first: number, limit: number): number;
}

/** The preserved frames; undefined where the dump does not tell what is preserved. */
export function keptFrames({ preserved }: Handover): Kept | undefined {
  if (preserved === undefined) return undefined;
  const { pages, ranges } = preserved;
  return pages?.pageSize === FRAME ? pages : pageSet(ranges, FRAME);
}

/** The parts of frames [first, end) that are not in a set, ascending. */
export function* gapsIn(
  set: Pick<Kept, 'coveredUntil' | 'nextCovered'>,
  first: number,
  end: number,
): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = set.coveredUntil(first, end); at < end; ) {
    const stop = set.nextCovered(at, end);
    yield { start: at, end: stop };
    at = set.coveredUntil(stop, end);
  }
}
