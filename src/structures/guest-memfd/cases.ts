/** Dumps that break the rules on guest_memfd files, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { GUEST, GUESTW } from '../../../test/validate/draft-cases/case.js';
import { held, own } from '../../../test/validate/draft-cases/fields.js';
import { forget, sure, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

/** First entry of a folio list. */
const folio = (handover: Handover, index: number): number => {
  const { guestMemfd, hugeMemfd } = sure(handover.luo?.sessions?.[0]?.files?.[index], 'file');
  return sure((guestMemfd ?? hugeMemfd)?.area?.runs[0], 'run');
};

export const DRAFT_CASES: readonly DraftCase[] = [
  GUEST('GMEM-001', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'guestMemfd').data),
  ),
  GUESTW('GMEM-002', 'flag 2', (handover) => u64(own(handover, 'guestMemfd', 'flags'), 5)),
  GUEST('GMEM-003', 'no virtual machine', (handover) => u64(own(handover, 'guestMemfd', 'vmToken'), 2)),
  GUEST('GMEM-004', 'beyond the end', (handover) => u64(folio(handover, 2) + 24, 2)),
  GUEST('GMEM-004', 'two folios of one index', (handover) => u64(folio(handover, 2) + 24, 0)),
  GUEST('GMEM-004', 'a page that is not preserved', (handover) => u64(folio(handover, 2), 0x180100n)),
];
