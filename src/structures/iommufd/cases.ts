/** Dumps that break the rules on iommufds, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { FIRST, LEGACY, LEGACYW } from '../../../test/validate/draft-cases/case.js';
import {
  device,
  domain,
  element,
  held,
  holderData,
  iommu,
  own,
  page,
} from '../../../test/validate/draft-cases/fields.js';
import { forget, patch, sure, u32, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';
import type { IommufdState } from '../iommufd/model.js';

const hwpt = (handover: Handover, index: number, id: string, of = 0): bigint =>
  element(handover, 'iommufd', 'hwpts', index, id, of);

export const DRAFT_CASES: readonly DraftCase[] = [
  LEGACY('IOMMUFD-101', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'iommufd').data),
  ),
  LEGACY('IOMMUFD-101', 'within a page', (handover) =>
    u64(holderData(handover, 'iommufd'), held(handover, 'iommufd').data + 16n),
  ),
  LEGACY('IOMMUFD-111', 'a count that only the first form can have', (handover) =>
    u64(own(handover, 'iommufd', 'count'), (1n << 63n) + 1n),
  ),
  LEGACY('IOMMUFD-102', '171 page tables in a page', (handover) =>
    u64(own(handover, 'iommufd', 'count'), 171),
  ),
  LEGACY('IOMMUFD-103', 'one of two', (handover) => u64(own(handover, 'iommufd', 'count'), 1)),
  LEGACY('IOMMUFD-103', 'three of two', (handover) => u64(own(handover, 'iommufd', 'count'), 3)),
  LEGACY('IOMMUFD-104', 'within a domain, of no device', (handover) => [
    ...u64(hwpt(handover, 0, 'domain'), domain(handover).address + 8n),
  ]),
  LEGACY('IOMMUFD-105', 'two of one token', (handover) =>
    u64(
      hwpt(handover, 1, 'token'),
      sure((held(handover, 'iommufd').model as IommufdState).hwpts.items[0], 'page table').token,
    ),
  ),
  LEGACY('IOMMUFD-106', 'reclaimed', (handover) => patch(hwpt(handover, 0, 'reclaimed'), [1])),
  LEGACYW('IOMMUFD-107', 'padding', (handover) => patch(hwpt(handover, 0, 'pad'), [0, 0, 1])),
  LEGACY('IOMMUFD-108', 'one domain of two page tables', (handover) =>
    u64(hwpt(handover, 1, 'domain'), domain(handover).address),
  ),
  LEGACYW('IOMMUFD-108', 'a domain without an iommufd', (handover) => {
    const { address, topTable } = domain(handover, 2);
    return [
      ...u64(page(handover, 'domains') + 8n, 4),
      ...u32(address + 40n, 1),
      ...u64(address + 48n, topTable),
      ...u64(address + 56n, 3),
      ...u32(address + 64n, 48),
    ];
  }),
  LEGACY('IOMMUFD-109', 'no token', (handover) => u64(iommu(handover, 'devices', 0, 'dmaOwnerToken'), 0x99)),
  LEGACY('IOMMUFD-109', 'a token of the other session', (handover) =>
    u64(iommu(handover, 'devices', 0, 'dmaOwnerToken'), 1),
  ),
  LEGACY('IOMMUFD-109', 'the token of a memfd', (handover) =>
    u64(iommu(handover, 'devices', 0, 'dmaOwnerToken'), 0x11),
  ),
  FIRST('IOMMUFD-110', 'the domain of the other iommufd', (handover) => [
    ...u64(iommu(handover, 'devices', 0, 'domain'), domain(handover, 2).address),
    ...u64(iommu(handover, 'devices', 0, 'attachmentId'), device(handover, 2).attachmentId),
  ]),
];
