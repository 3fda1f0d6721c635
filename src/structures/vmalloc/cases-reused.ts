/** Dumps in which memory that records lead to was used again. */

import { list, V73, V73W, V618 } from '../../../test/validate/upstream-cases/case.js';
import { patch, session, sure } from '../../../test/validate/upstream-patches.js';

/** What another owner has there. */
const OTHER = new TextEncoder().encode('what another owner has there, again and again. '.repeat(4));

export const CASES = [
  V73W('KHO-240', 'bytes after the name of a session', (handover) =>
    patch(Number(session(handover).address) + 48, OTHER.subarray(0, 8)),
  ),
  V73('KHO-240', 'a list page that was used again', (handover) => patch(list(handover), OTHER)),
  V618('KHO-240', 'a chunk of the map that was used again', (handover) =>
    patch(Number(sure(handover.preservedMap?.chunks?.[0], 'chunk').address) + 16, OTHER.subarray(0, 128)),
  ),
];
