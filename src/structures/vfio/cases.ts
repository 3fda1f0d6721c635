/** Dumps that break the rules on VFIO files, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { LEGACY, LEGACYW, POSTED } from '../../../test/validate/draft-cases/case.js';
import { device, element, held, iommu, own } from '../../../test/validate/draft-cases/fields.js';
import { file, forget, patch, sure, u16, u32 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

const entry = (handover: Handover, index: number, id: string): bigint =>
  element(handover, 'pci', 'devices', index, id);

export const DRAFT_CASES: readonly DraftCase[] = [
  LEGACY('VFIO-001', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'vfioPci').data),
  ),
  LEGACYW('VFIO-002', 'reset_works 2', (handover) => patch(own(handover, 'vfioPci', 'resetWorks'), [2])),
  LEGACY('VFIO-003', 'two of 00:03.0', (handover) =>
    u16(own(handover, 'vfioPci', 'bdf', 1), device(handover).bdf),
  ),
  LEGACY('VFIO-004', 'a device that no record has', (handover) => u16(own(handover, 'vfioPci', 'bdf'), 0x20)),
  LEGACY('VFIO-004', 'a device that the PCI state lacks', (handover) => u16(entry(handover, 0, 'bdf'), 0x20)),
  LEGACYW('VFIO-005', 'a device that is deleted', (handover) =>
    u32(iommu(handover, 'devices', 0, 'flags'), 1),
  ),
  LEGACY('VFIO-006', 'a device without a file', (handover) =>
    u32(iommu(handover, 'devices', 0, 'devid'), 0x20),
  ),
  LEGACYW('VFIO-007', 'the iommufd after its device', (handover, memory) => {
    const first = new Uint8Array(64);
    const second = new Uint8Array(64);
    const files = sure(handover.luo?.sessions?.[0]?.files, 'files');
    const of = file(
      handover,
      files.findIndex(({ iommufd }) => iommufd !== undefined),
    ).address;
    const its = file(
      handover,
      files.findIndex(({ vfioPci }) => vfioPci !== undefined),
    ).address;
    memory.read(Number(of), 64, first);
    memory.read(Number(its), 64, second);
    return [...patch(of, second), ...patch(its, first)];
  }),
  POSTED('VFIO-008', 'a token that no iommufd has', (handover) =>
    u32(own(handover, 'vfioPci', 'token'), 0x99),
  ),
];
