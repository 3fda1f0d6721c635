/** Drafts that break the rules on LUO's FLBs, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { LEGACY, LEGACYW } from '../../../test/validate/draft-cases/case.js';
import { held } from '../../../test/validate/draft-cases/fields.js';
import { sure, text, u64 } from '../../../test/validate/upstream-patches.js';
import { LUO_SER } from '../../records/luo.js';

export const DRAFT_CASES: readonly DraftCase[] = [
  LEGACYW('FLB-006', 'more iommufds than there are', (handover) =>
    u64(sure(held(handover, 'iommu').location.address, 'FLB') + 8n, 3),
  ),
  LEGACY('FLB-008', 'one of two iommufds', (handover) =>
    u64(sure(held(handover, 'iommu').location.address, 'FLB') + 8n, 1),
  ),
  LEGACY('FLB-009', 'no FLB page', (handover) =>
    u64(sure(handover.luo?.origin?.address, 'LUO') + BigInt(LUO_SER.flbsPa), 0),
  ),
  LEGACY('FLB-009', 'no IOMMU state', (handover) =>
    text(sure(held(handover, 'iommu').location.address, 'FLB') - 48n, 'nothing', 48),
  ),
];
