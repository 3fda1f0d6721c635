/** iommufds, VFIO files, the PCI state and its blocks. */

import type { Handover } from '../../../src/abi/model.js';
import { LUO_SER } from '../../../src/records/luo.js';
import type { IommufdState } from '../../../src/structures/iommufd/model.js';
import { file, forget, patch, sure, text, u16, u32, u64 } from '../upstream-patches.js';
import type { DraftCase } from './base.js';
import { FIRST, FORMS, LEGACY, LEGACYW, PCI1W, PCI3, POSTED } from './case.js';
import { device, domain, element, held, holderData, iommu, own, page } from './fields.js';

const hwpt = (handover: Handover, index: number, id: string, of = 0): bigint =>
  element(handover, 'iommufd', 'hwpts', index, id, of);
const entry = (handover: Handover, index: number, id: string): bigint =>
  element(handover, 'pci', 'devices', index, id);
const block = (handover: Handover): bigint => sure(handover.pci?.devices.pages?.[0], 'block').address;

export const FILES: readonly DraftCase[] = [
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
  LEGACYW('IOMMUFD-108', 'a domain of nobody', (handover) => {
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
  LEGACY('VFIO-001', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'vfioPci').data),
  ),
  LEGACYW('VFIO-002', 'reset_works 2', (handover) => patch(own(handover, 'vfioPci', 'resetWorks'), [2])),
  LEGACY('VFIO-003', 'two of 00:03.0', (handover) =>
    u16(own(handover, 'vfioPci', 'bdf', 1), device(handover).bdf),
  ),
  LEGACY('VFIO-004', 'a device of nobody', (handover) => u16(own(handover, 'vfioPci', 'bdf'), 0x20)),
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
  POSTED('VFIO-008', 'a token of nobody', (handover) => u32(own(handover, 'vfioPci', 'token'), 0x99)),
  LEGACY('PCI-001', 'version 3', (handover) => u32(own(handover, 'pci', 'version'), 3)),
  LEGACY('PCI-002', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'pci').data),
  ),
  LEGACY('PCI-003', 'eight of seven', (handover) => u32(own(handover, 'pci', 'nrDevices'), 8)),
  LEGACY('PCI-003', 'none of seven', (handover) => u32(own(handover, 'pci', 'nrDevices'), 0)),
  LEGACY('PCI-004', 'two of 03:00.0', (handover) => u16(entry(handover, 6, 'bdf'), 0x300)),
  FORMS('PCI-004', 'two of 00:03.0', (handover) => u16(entry(handover, 1, 'bdf'), device(handover).bdf)),
  LEGACY('PCI-005', 'a file of two', (handover) => u16(entry(handover, 0, 'refcount'), 2)),
  FORMS('PCI-005', 'a file of two', (handover) => u16(entry(handover, 0, 'refcount'), 2)),
  FORMS('PCI-006', 'a device without a file', (handover) => [
    ...u32(own(handover, 'pci', 'nrDevices'), 4),
    ...u64(block(handover) + 8n, 4),
    ...u32(block(handover) + 16n + 24n, 0),
    ...u16(block(handover) + 16n + 28n, 0x4000),
    ...u16(block(handover) + 16n + 30n, 1),
  ]),
  LEGACY('PCI-006', 'version 1', (handover) => u32(own(handover, 'pci', 'version'), 1)),
  LEGACY('PCI-007', 'a bridge of three', (handover) => u16(entry(handover, 3, 'refcount'), 3)),
  LEGACY('PCI-007', 'a bridge of one', (handover) => u16(entry(handover, 4, 'refcount'), 1)),
  LEGACY('PCI-007', 'a bridge of another segment', (handover) => u32(entry(handover, 2, 'domain'), 1)),
  PCI3('PCI-007', 'a bridge of two', (handover) => u16(entry(handover, 1, 'refcount'), 2)),
  PCI1W('PCI-009', 'padding', (handover) => u16(entry(handover, 0, 'pad'), 1)),
  POSTED('PCI-010', 'room for one', (handover) => u64(own(handover, 'pci', 'maxNrDevices'), 1)),
  LEGACY('PCI-011', 'a refcount that is gone', (handover) => u16(entry(handover, 1, 'refcount'), 0)),
  LEGACYW('PCI-011', 'a free entry with a device', (handover) => [
    ...u64(block(handover) + 8n, 8),
    ...u16(block(handover) + 16n + 60n, 0x4000),
  ]),
  LEGACY('BLOCK-001', 'the PCI devices in a loop', (handover) => u64(block(handover), block(handover))),
  LEGACY('BLOCK-003', 'more PCI devices than a block holds', (handover) => u64(block(handover) + 8n, 511)),
  LEGACY('BLOCK-005', 'a block of PCI devices is not preserved', (handover, memory) =>
    forget(handover, memory, block(handover)),
  ),
  LEGACYW('FLB-006', 'more iommufds than there are', (handover) =>
    u64(sure(held(handover, 'iommu').location.address, 'FLB') + 8n, 3),
  ),
  LEGACY('FLB-008', 'one of two iommufds', (handover) =>
    u64(sure(held(handover, 'iommu').location.address, 'FLB') + 8n, 1),
  ),
  LEGACYW('FLB-009', 'no FLB page', (handover) =>
    u64(sure(handover.luo?.origin?.address, 'LUO') + BigInt(LUO_SER.flbsPa), 0),
  ),
  LEGACYW('FLB-009', 'no IOMMU state', (handover) =>
    text(sure(held(handover, 'iommu').location.address, 'FLB') - 48n, 'nothing', 48),
  ),
];
