/** What could not be told of whose memory is what, and why: one answer for leaks and for coverage. */
import { perHandover } from '../abi/per-handover.js';
import { findAreas, findLists } from './chains.js';
import type { Untold } from './claim.js';
import { recordsUntold } from './claims.js';

/** All that is not told, what weighs most first; empty where each owner and all that it has is known. */
export const untoldOf = perHandover((handover): readonly Untold[] => [
  ...recordsUntold(handover),
  ...findAreas(handover).flatMap(({ owner, place, area, broken }): Untold[] =>
    broken === undefined && area.complete
      ? []
      : [{ place, lacks: 'some', why: `the list of ${owner} is damaged` }],
  ),
  ...findLists(handover).flatMap(({ what, place, broken }): Untold[] =>
    broken === undefined ? [] : [{ place, lacks: 'others', why: `the list of ${what} is damaged` }],
  ),
]);
