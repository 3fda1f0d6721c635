/** Dumps that break the rules on pstore, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { PSTORE } from '../../../test/validate/draft-cases/case.js';
import { sure, u32 } from '../../../test/validate/upstream-patches.js';

export const DRAFT_CASES: readonly DraftCase[] = [
  PSTORE('PSTORE-001', 'version 2', (handover) =>
    u32(sure(handover.subtrees?.find(({ name }) => name === 'pstore-kho')?.address, 'pstore'), 2),
  ),
];
