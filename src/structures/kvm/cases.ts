/** Dumps that break the rules on virtual machines and their CPUs, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { GUEST, GUESTW } from '../../../test/validate/draft-cases/case.js';
import { held, own } from '../../../test/validate/draft-cases/fields.js';
import { forget, sure, u32, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

const controlBlock = (handover: Handover): bigint =>
  sure(handover.luo?.sessions?.[0]?.files?.[1]?.kvmVcpu?.controlBlock, 'control block').address;

export const DRAFT_CASES: readonly DraftCase[] = [
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
];
