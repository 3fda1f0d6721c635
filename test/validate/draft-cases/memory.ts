/** HugeTLB, guest_memfd, KVM and pstore. */

import type { Handover } from '../../../src/abi/model.js';
import { forget, patch, sure, u32, u64 } from '../upstream-patches.js';
import type { DraftCase } from './base.js';
import { GUEST, GUESTW, PSTORE } from './case.js';
import { element, held, own } from './fields.js';

const controlBlock = (handover: Handover): bigint =>
  sure(handover.luo?.sessions?.[0]?.files?.[1]?.kvmVcpu?.controlBlock, 'control block').address;
/** First entry of a folio list. */
const folio = (handover: Handover, index: number): number => {
  const { guestMemfd, hugeMemfd } = sure(handover.luo?.sessions?.[0]?.files?.[index], 'file');
  return sure((guestMemfd ?? hugeMemfd)?.area?.runs[0], 'run');
};

export const MEMORY: readonly DraftCase[] = [
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
  GUEST('HUGETLB-004', 'a size that nobody has', (handover) => [
    ...patch(own(handover, 'hugeMemfd', 'order'), [8]),
  ]),
  GUEST('HUGETLB-004', 'half a page', (handover) => u64(own(handover, 'hugeMemfd', 'size'), 0x2ff000)),
  GUEST('GMEM-001', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'guestMemfd').data),
  ),
  GUESTW('GMEM-002', 'flag 2', (handover) => u64(own(handover, 'guestMemfd', 'flags'), 5)),
  GUEST('GMEM-003', 'no virtual machine', (handover) => u64(own(handover, 'guestMemfd', 'vmToken'), 2)),
  GUEST('GMEM-004', 'beyond the end', (handover) => u64(folio(handover, 2) + 24, 2)),
  GUEST('GMEM-004', 'a page that is not preserved', (handover) => u64(folio(handover, 2), 0x180100n)),
  GUEST('KVM-001', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'kvmVm').data),
  ),
  GUESTW('KVM-002', 'flag 1', (handover) => u32(own(handover, 'kvmVcpu', 'flags'), 3)),
  GUESTW('KVM-002', 'state 4', (handover) => u32(controlBlock(handover), 4)),
  GUEST('KVM-003', 'no virtual machine', (handover) => u64(own(handover, 'kvmVcpu', 'vmToken'), 3)),
  GUEST('KVM-004', 'a state that is not preserved', (handover) =>
    u64(own(handover, 'kvmVcpu', 'archState'), 0x1_8010_0000n),
  ),
  GUEST('KVM-004', 'no control block', (handover) => u64(own(handover, 'kvmVcpu', 'cb'), 0)),
  GUESTW('KVM-005', 'reserved', (handover) => u32(controlBlock(handover) + 12n, 1)),
  PSTORE('PSTORE-001', 'version 2', (handover) =>
    u32(sure(handover.subtrees?.find(({ name }) => name === 'pstore-kho')?.address, 'pstore'), 2),
  ),
];
