/** Dumps that break the rules on the IOMMU state's lists, units, devices and domains, one fault each. */

import type { DraftCase } from '../../../test/validate/draft-cases/base.js';
import {
  FIRST,
  FIRSTW,
  KHO1,
  KHO3,
  KHO3W,
  LEGACY,
  LEGACYW,
  POSTED,
  POSTEDW,
  SECONDW,
  SMMU,
  SMMUW,
} from '../../../test/validate/draft-cases/case.js';
import {
  device,
  domain,
  held,
  holderData,
  iommu,
  own,
  page,
  unit,
  unitSize,
} from '../../../test/validate/draft-cases/fields.js';
import { FREE, list } from '../../../test/validate/upstream-cases/case.js';
import { forget, keep, patch, sure, u32, u64 } from '../../../test/validate/upstream-patches.js';

const READS_ZEROS = 4096;
/** A page of zeros behind everything that the dump holds. */
const zeros = (address: number) => patch(address, new Uint8Array(READS_ZEROS));

export const DRAFT_CASES: readonly DraftCase[] = [
  LEGACY('IOMMU-001', 'version 2', (handover) => u64(own(handover, 'iommu', 'version'), 2)),
  LEGACY('IOMMU-002', 'not preserved', (handover, memory) =>
    forget(handover, memory, held(handover, 'iommu').data),
  ),
  LEGACY('IOMMU-002', 'at 0', (handover) => u64(holderData(handover, 'iommu'), 0)),
  LEGACY('IOMMU-002', 'within a page', (handover) =>
    u64(holderData(handover, 'iommu'), held(handover, 'iommu').data + 8n),
  ),
  LEGACY('IOMMU-003', 'no list of units', (handover) => u64(own(handover, 'iommu', 'iommus'), 0)),
  LEGACY('IOMMU-003', 'no list of devices', (handover) => u64(own(handover, 'iommu', 'devices'), 0)),
  LEGACY('IOMMU-004', 'a loop', (handover) => u64(page(handover, 'domains'), page(handover, 'domains'))),
  LEGACY('IOMMU-004', 'the page of another list', (handover) =>
    u64(page(handover, 'domains'), page(handover, 'units')),
  ),
  LEGACY('IOMMU-004', 'the record', (handover) =>
    u64(own(handover, 'iommu', 'domains'), held(handover, 'iommu').data),
  ),
  LEGACY('IOMMU-004', 'a list page of a memfd', (handover) =>
    u64(own(handover, 'iommu', 'devices'), list(handover)),
  ),
  LEGACY('IOMMU-004', 'the block of sessions', (handover) =>
    u64(page(handover, 'units'), handover.luo?.sessionsAddress ?? 0n),
  ),
  LEGACY('IOMMU-004', 'within a page', (handover) => u64(page(handover, 'devices'), 0x2229008)),
  LEGACY('IOMMU-004', 'no physical address', (handover) => u64(page(handover, 'devices'), 1n << 60n)),
  // More than a page of any form holds.
  LEGACY('IOMMU-005', '124 domains', (handover) => u64(page(handover, 'domains') + 8n, 124)),
  LEGACY('IOMMU-006', 'the page of domains is not preserved', (handover, memory) =>
    forget(handover, memory, page(handover, 'domains')),
  ),
  LEGACY('IOMMU-006', 'a second page that is not preserved', (handover) => [
    ...u64(page(handover, 'domains'), FREE),
    ...zeros(FREE),
  ]),
  LEGACYW('IOMMU-006', 'a block of two pages', (handover, memory) => [
    ...u64(page(handover, 'domains'), FREE),
    ...zeros(FREE),
    ...keep(handover, memory, FREE, 1),
  ]),
  LEGACYW('IOMMU-007', 'a second page after three domains', (handover, memory) => [
    ...u64(page(handover, 'domains'), FREE),
    ...zeros(FREE),
    ...keep(handover, memory, FREE, 0),
  ]),
  LEGACY('IOMMU-008', 'two of three devices', (handover) => u64(page(handover, 'devices') + 8n, 2)),
  LEGACY('IOMMU-009', 'four of three devices', (handover) => u64(page(handover, 'devices') + 8n, 4)),
  LEGACYW('IOMMU-009', 'four of three domains', (handover) => u64(page(handover, 'domains') + 8n, 4)),
  POSTED('IOMMU-010', 'three domains of two', (handover) => u64(own(handover, 'iommu', 'nrDomains'), 3)),
  POSTEDW('IOMMU-010', 'two of one position', (handover) => u32(iommu(handover, 'domains', 1, 'idx'), 0)),
  LEGACYW('IOMMU-011', 'flag 2', (handover) => u32(iommu(handover, 'units', 0, 'flags'), 4)),
  LEGACYW('IOMMU-011', 'sign_extend 2', (handover) =>
    patch(iommu(handover, 'domains', 0, 'signExtend'), [2]),
  ),
  LEGACY('IOMMU-012', 'restored_domain', (handover) =>
    u64(iommu(handover, 'domains', 1, 'restoredDomain'), 0xffff_8880_0000_1000n),
  ),
  LEGACY('IOMMU-012', 'a unit that was restored', (handover) =>
    patch(iommu(handover, 'units', 0, 'intel.restored'), [1]),
  ),
  FIRST('IOMMU-012', 'a device that was restored', (handover) =>
    patch(iommu(handover, 'devices', 0, 'intel.restored'), [1]),
  ),
  LEGACYW('IOMMU-012', 'incoming', (handover) => u32(iommu(handover, 'domains', 0, 'flags'), 2)),
  LEGACYW('IOMMU-013', 'padding of a domain', (handover) =>
    patch(iommu(handover, 'domains', 0, 'pad'), [0, 1, 0]),
  ),
  LEGACY('IOMMU-014', 'type 0', (handover) => u64(iommu(handover, 'units', 0, 'type'), 0)),
  LEGACY('IOMMU-014', 'type 7', (handover) => u64(iommu(handover, 'units', 0, 'type'), 7)),
  POSTEDW('IOMMU-015', 'an invalid type', (handover) => u32(iommu(handover, 'devices', 0, 'type'), 0)),
  LEGACY('IOMMU-016', 'a copy of the unit', (handover, memory) => {
    const { address } = unit(handover);
    const width = BigInt(unitSize(handover));
    const bytes = new Uint8Array(Number(width));
    memory.read(Number(address), bytes.length, bytes);
    bytes[0] = 1;
    return [
      ...patch(address + width, bytes),
      ...u64(page(handover, 'units') + 8n, 2),
      ...u32(address, 2),
      ...u64(iommu(handover, 'devices', 2, 'iommu'), address + width),
    ];
  }),
  LEGACY('IOMMU-017', 'another token', (handover) => u64(iommu(handover, 'units', 0, 'token'), 0xfed91000)),
  LEGACY('IOMMU-017', 'other registers', (handover) =>
    u64(iommu(handover, 'units', 0, 'intel.regBase'), 0xfed91000),
  ),
  LEGACY('IOMMU-017', 'registers within a page', (handover) => [
    ...u64(iommu(handover, 'units', 0, 'intel.regBase'), 0xfed90010),
    ...u64(iommu(handover, 'units', 0, 'token'), 0xfed90010),
  ]),
  LEGACYW('IOMMU-018', 'a unit of two devices', (handover) =>
    u32(iommu(handover, 'units', 0, 'refCount'), 2),
  ),
  LEGACYW('IOMMU-018', 'a domain of two', (handover) => u32(iommu(handover, 'domains', 0, 'refCount'), 2)),
  LEGACY('IOMMU-019', 'a root table that is not preserved', (handover, memory) =>
    forget(handover, memory, unit(handover).intel?.rootTable ?? 0n),
  ),
  LEGACY('IOMMU-019', 'with mode bits', (handover) =>
    u64(iommu(handover, 'units', 0, 'intel.rootTable'), (unit(handover).intel?.rootTable ?? 0n) + 0x400n),
  ),
  LEGACY('IOMMU-020', 'within an object', (handover) =>
    u64(iommu(handover, 'devices', 0, 'domain'), domain(handover).address + 8n),
  ),
  LEGACY('IOMMU-020', 'a unit', (handover) =>
    u64(iommu(handover, 'devices', 0, 'domain'), unit(handover).address),
  ),
  LEGACY('IOMMU-020', 'at 0', (handover) => u64(iommu(handover, 'devices', 0, 'domain'), 0)),
  LEGACY('IOMMU-020', 'a domain that is deleted', (handover) =>
    u32(iommu(handover, 'domains', 0, 'flags'), 1),
  ),
  LEGACY('IOMMU-021', 'a domain', (handover) =>
    u64(iommu(handover, 'devices', 0, 'iommu'), domain(handover).address),
  ),
  LEGACY('IOMMU-021', 'a unit that is deleted', (handover) => u32(iommu(handover, 'units', 0, 'flags'), 1)),
  LEGACY('IOMMU-022', 'without bus 4', (handover) =>
    u64(iommu(handover, 'units', 0, 'intel.contextTables'), 0x455),
  ),
  FIRST('IOMMU-022', 'without bus 4', (handover) =>
    u64(iommu(handover, 'units', 0, 'intel.contextTables'), 0x457),
  ),
  LEGACY('IOMMU-023', 'two of 00:03.0', (handover) =>
    u32(iommu(handover, 'devices', 1, 'devid'), device(handover).bdf),
  ),
  LEGACY('IOMMU-024', '17 bits', (handover) => u32(iommu(handover, 'devices', 1, 'devid'), 0x10400)),
  LEGACY('IOMMU-025', '17 bits', (handover) => u64(iommu(handover, 'devices', 1, 'attachmentId'), 0x1000d)),
  LEGACY('IOMMU-025', '0', (handover) => u64(iommu(handover, 'devices', 1, 'attachmentId'), 0)),
  LEGACY('IOMMU-026', 'two domains of one id', (handover) =>
    u64(iommu(handover, 'devices', 1, 'attachmentId'), device(handover).attachmentId),
  ),
  LEGACY('IOMMU-027', 'room without a table', (handover) =>
    u64(iommu(handover, 'devices', 0, 'intel.maxPasid'), 0x8000),
  ),
  FIRST('IOMMU-027', 'one of three without a table', (handover) => [
    ...u64(iommu(handover, 'devices', 0, 'intel.maxPasid'), 0),
    ...u64(iommu(handover, 'devices', 0, 'intel.pasidTable'), 0),
  ]),
  FIRST('IOMMU-027', 'no power of two', (handover) =>
    u64(iommu(handover, 'devices', 0, 'intel.maxPasid'), 0x8001),
  ),
  FIRST('IOMMU-028', 'not preserved', (handover, memory) =>
    forget(handover, memory, device(handover).intel?.pasidTable ?? 0n),
  ),
  FIRST('IOMMU-028', 'of another size', (handover) =>
    u64(iommu(handover, 'devices', 0, 'intel.maxPasid'), 0x10000),
  ),
  FIRST('IOMMU-028', 'one for two devices', (handover) =>
    u64(iommu(handover, 'devices', 1, 'intel.pasidTable'), device(handover).intel?.pasidTable ?? 0n),
  ),
  LEGACY('IOMMU-029', 'not preserved', (handover, memory) =>
    forget(handover, memory, domain(handover).topTable),
  ),
  LEGACY('IOMMU-029', 'at 0', (handover) => u64(iommu(handover, 'domains', 0, 'topTable'), 0)),
  LEGACY('IOMMU-029', 'within a page', (handover) =>
    u64(iommu(handover, 'domains', 0, 'topTable'), domain(handover).topTable + 3n),
  ),
  LEGACY('IOMMU-030', 'two of one table', (handover) =>
    u64(iommu(handover, 'domains', 1, 'topTable'), domain(handover).topTable),
  ),
  LEGACY('IOMMU-030', 'the root table', (handover) =>
    u64(iommu(handover, 'domains', 1, 'topTable'), unit(handover).intel?.rootTable ?? 0n),
  ),
  LEGACY('IOMMU-031', 'level 9', (handover) => u64(iommu(handover, 'domains', 0, 'topLevel'), 9)),
  LEGACY('IOMMU-031', 'level 2 for 48 bits', (handover) => u64(iommu(handover, 'domains', 0, 'topLevel'), 2)),
  LEGACY('IOMMU-031', 'vasz 64', (handover) => u32(iommu(handover, 'domains', 0, 'vasz'), 64)),
  LEGACY('IOMMU-032', 'first stage in legacy mode', (handover) =>
    patch(iommu(handover, 'domains', 0, 'signExtend'), [1]),
  ),
  LEGACY('IOMMU-031', 'a width that no unit has', (handover) =>
    u32(iommu(handover, 'domains', 0, 'vasz'), 30),
  ),
  KHO1('IOMMU-026', 'two domains of one id', (handover) =>
    u32(iommu(handover, 'devices', 2, 'attachmentId'), Number(device(handover).attachmentId)),
  ),
  KHO3('IOMMU-026', 'two domains of one id', (handover) =>
    u64(iommu(handover, 'devices', 2, 'attachmentId'), device(handover).attachmentId),
  ),
  KHO3W('IOMMU-013', 'padding within a byte', (handover) =>
    patch(iommu(handover, 'domains', 0, 'signExtend'), [0x10]),
  ),
  LEGACYW('IOMMU-033', '47 bits beside 48', (handover) => u32(iommu(handover, 'domains', 0, 'vasz'), 47)),
  FIRSTW('IOMMU-033', '40 bits beside 48', (handover) => u32(iommu(handover, 'domains', 1, 'vasz'), 40)),
  SECONDW('IOMMU-033', '46 bits beside 48', (handover) => u32(iommu(handover, 'domains', 0, 'vasz'), 46)),
  SMMUW('IOMMU-034', 'a format that there is not', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.strtabBaseCfg'), 0x2_0210),
  ),
  SMMUW('IOMMU-034', 'a split that there is not', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.strtabBaseCfg'), 0x1_0250),
  ),
  SMMUW('IOMMU-034', 'a bit that is not defined', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.strtabBaseCfg'), 0x9_0210),
  ),
  SMMU('IOMMU-035', 'no second-level stream tables', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.l2States'), 0),
  ),
  SMMU('IOMMU-035', 'second-level tables of a linear one', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.strtabBaseCfg'), 0x10),
  ),
  SMMU('IOMMU-035', 'states that are not preserved', (handover, memory) =>
    forget(handover, memory, sure(unit(handover).smmuv3, 'smmuv3').l2States),
  ),
  SMMU('IOMMU-035', 'states without tables of context descriptors', (handover) =>
    u32(iommu(handover, 'devices', 0, 'smmuv3.numL2'), 0),
  ),
  SMMU('IOMMU-035', 'more states than a page holds', (handover) =>
    u32(iommu(handover, 'devices', 0, 'smmuv3.numL2'), 513),
  ),
  SMMU('IOMMU-017', 'registers within a page', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.regBase'), 0x905_0010),
  ),
  SMMU('IOMMU-019', 'no state of the stream table', (handover) =>
    u64(iommu(handover, 'units', 0, 'smmuv3.l1State'), 0),
  ),
];
