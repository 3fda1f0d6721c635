/** Which pages of a file its folios make up: what no folio covers reads as zeros in the next kernel. */

/** Why pages of a file are not covered. */
export type GapCause =
  /** No entry of the list is for them. */
  | 'missing'
  /** An entry of pfn 0, which the reader skips, stands for them. */
  | 'hole'
  /** The map has a smaller block for the folio before them than the distance to the next index. */
  | 'lost';

/** Pages that are not covered, of one cause; the first stretch with the entry before it. */
export interface GapTally {
  /** Stretches and pages in all. */
  count: number;
  pages: number;
  /** First stretch, in pages of the file. */
  readonly start: number;
  readonly end: number;
  /** Entry before the stretch, or of pfn 0 at its start; position -1 where the list has none. */
  readonly position: number;
  readonly pfn: number;
  readonly index: number;
  /** Order of its block in the map. */
  readonly order: number;
}

export type Gaps = Readonly<Partial<Record<GapCause, GapTally>>>;

/** Takes the entries of a list in ascending order of their index. */
export interface Coverage {
  /** @param order of the block in the map that starts at pfn, negative where that is not known */
  add(pfn: number, index: number, order: number, position: number): void;
  /** After the last entry. */
  end(): Gaps;
}

/**
 * Keeps the entry before and nothing else, so takes no memory an entry.
 *
 * @param filePages pages that the file has: ceil(size / page size)
 * @param maxFolio pages of the largest folio that shmem allocates, PMD_SIZE
 */
export function createCoverage(filePages: number, maxFolio: number): Coverage {
  const gaps: Partial<Record<GapCause, GapTally>> = {};
  let covered = 0;
  let pfn = 0;
  let index = 0;
  let order = 0;
  let position = -1;

  /** The folio before the gap may have been one of all pages up to `next`. */
  function wasLarger(next: number): boolean {
    const distance = next - index;
    let pages = 2 ** Math.max(order, 0);
    if (covered !== index + pages) return false;
    // The last folio of a file may reach beyond its end.
    while (pages < distance) pages *= 2;
    if (next !== filePages && pages !== distance) return false;
    return pages <= maxFolio && index % pages === 0 && pfn % pages === 0;
  }

  function gapUpTo(next: number): void {
    const end = Math.min(next, filePages);
    if (covered >= end) return;
    // What cannot be restored at all is told of for itself.
    if (position >= 0 && pfn !== 0 && order < 0) return;
    const cause = position < 0 ? 'missing' : pfn === 0 ? 'hole' : wasLarger(end) ? 'lost' : 'missing';
    const tally = gaps[cause];
    const pages = end - covered;
    if (tally === undefined) {
      gaps[cause] = { count: 1, pages, start: covered, end, position, pfn, index, order };
    } else {
      tally.count++;
      tally.pages += pages;
    }
  }

  return {
    add(nextPfn, nextIndex, nextOrder, nextPosition) {
      gapUpTo(nextIndex);
      const pages = nextPfn === 0 ? 0 : 2 ** Math.max(nextOrder, 0);
      covered = Math.max(covered, nextIndex + pages);
      pfn = nextPfn;
      index = nextIndex;
      order = nextOrder;
      position = nextPosition;
    },
    end() {
      gapUpTo(filePages);
      return gaps;
    },
  };
}
