/** The leaves of a walk that lead out of a set of pages. */
import type { PageSet } from '../memory/page-set.js';
import { iovasOf, pagesOf, targetsOf } from '../vtd/walk/batch.js';
import { createProbe, gaps } from './pages.js';
import type { WalkObserver } from './rule.js';

/** Leaves that are contiguous in IOVA and in memory: page frame numbers, and how many pages. */
export interface Stretch {
  readonly iova: number;
  readonly target: number;
  readonly pages: number;
}

/** Calls `tell` for each stretch of leaves outside `set`, as long as it can be. */
export function watchOutside(
  set: PageSet,
  tell: (stretch: Stretch) => void,
): Required<Pick<WalkObserver, 'watches' | 'runs' | 'end'>> {
  const probe = createProbe(set);
  let open: { iova: number; target: number; pages: number } | undefined;

  function close(): void {
    if (open !== undefined) tell(open);
    open = undefined;
  }

  return {
    watches: (from, end) => probe(from, end) !== 'inside',
    runs(batch) {
      const iovas = iovasOf(batch);
      const targets = targetsOf(batch);
      const lengths = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const target = targets[row] as number;
        const pages = lengths[row] as number;
        if (probe(target, target + pages) === 'inside') continue;
        for (const { start, end } of gaps(set, target, target + pages)) {
          const iova = (iovas[row] as number) + start - target;
          if (open !== undefined && open.iova + open.pages === iova && open.target + open.pages === start) {
            open.pages += end - start;
          } else {
            close();
            open = { iova, target: start, pages: end - start };
          }
        }
      }
    },
    end: close,
  };
}
