/** Dumps that break the rules on HugeTLB, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { GUEST, GUESTW } from '../../../test/validate/draft-cases/case.js';
import { element, held, own } from '../../../test/validate/draft-cases/fields.js';
import { forget, patch, sure, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

/** First entry of a folio list. */
const folio = (handover: Handover, index: number): number => {
  const { guestMemfd, hugeMemfd } = sure(handover.luo?.sessions?.[0]?.files?.[index], 'file');
  return sure((guestMemfd ?? hugeMemfd)?.area?.runs[0], 'run');
};

export const DRAFT_CASES: readonly DraftCase[] = [
  GUEST('HUGETLB-001', 'five sizes', (handover) => patch(own(handover, 'hugetlb', 'nrHstates'), [5])),
  GUEST('HUGETLB-001', 'two of one order', (handover) =>
    patch(element(handover, 'hugetlb', 'hstates', 1, 'order'), [9]),
  ),
  GUESTW('HUGETLB-001', 'a size that is not counted', (handover) =>
    patch(own(handover, 'hugetlb', 'nrHstates'), [1]),
  ),
  GUEST('HUGETLB-002', 'a file that is not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'hugeMemfd').data),
  ),
  GUEST('HUGETLB-003', 'a page within the block', (handover) => u64(folio(handover, 3), 0x180201n)),
  GUEST('HUGETLB-003', 'two pages of one index', (handover) => u64(folio(handover, 3) + 24, 0)),
  GUEST('HUGETLB-003', 'a page that is there twice', (handover) => u64(folio(handover, 3) + 16, 0x180200n)),
  GUEST('HUGETLB-004', 'a size that the state lacks', (handover) => [
    ...patch(own(handover, 'hugeMemfd', 'order'), [8]),
  ]),
  GUEST('HUGETLB-004', 'half a page', (handover) => u64(own(handover, 'hugeMemfd', 'size'), 0x2ff000)),
];
