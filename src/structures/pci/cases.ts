/** Dumps that break the rules on the PCI state and its blocks, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import { FORMS, LEGACY, LEGACYW, PCI1W, PCI3, POSTED } from '../../../test/validate/draft-cases/case.js';
import { device, element, held, own } from '../../../test/validate/draft-cases/fields.js';
import { forget, sure, u16, u32, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

const entry = (handover: Handover, index: number, id: string): bigint =>
  element(handover, 'pci', 'devices', index, id);
const block = (handover: Handover): bigint => sure(handover.pci?.devices.pages?.[0], 'block').address;

export const DRAFT_CASES: readonly DraftCase[] = [
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
];
