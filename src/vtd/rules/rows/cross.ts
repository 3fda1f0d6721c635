/** Rows XR and the rules beyond the table: tables against each other and against what is handed over. */
import { FS_PTE_BITS, SS_PTE_BITS } from '../../../records/vtd.js';
import type { Target } from '../target.js';
import { type BitTest, hasBits, type WalkRow } from '../walk-row.js';

/** Address bits 51:46, in the high half of an entry. */
const BITS_51_46 = ~((1 << (46 - 32)) - 1);

/** Bits 51:46, for hosts whose address width is not known. */
function highAddress({ stage, caps }: Target): BitTest | undefined {
  if (caps.given.haw) return undefined;
  const { address } = stage === 'first' ? FS_PTE_BITS : SS_PTE_BITS;
  return hasBits('has address bits above bit 45', { hi: address.hi & BITS_51_46 });
}

export const crossRows: readonly WalkRow[] = [
  {
    id: 'VTD-133',
    row: 'XR-1',
    title: 'a page serves as one kind of structure, at one level',
    severity: 'error',
    scope: 'table',
    evidence: 'vtd.md 3',
    consequence: 'one of the two readings is wrong: entries of one kind are taken for the other',
  },
  {
    id: 'VTD-134',
    row: 'XR-2',
    title: 'the devices of a domain that is handed over are translated by its table',
    severity: 'warning',
    scope: 'domain-device',
    evidence: 'drivers/iommu/intel/serialise.c serialise_domain; VT-d 9.3, 9.6',
    consequence:
      'the next kernel takes over another table than hardware uses: DMA continues through a table that nothing manages',
  },
  {
    id: 'VTD-136',
    row: 'XR-4',
    title: 'every page of the VT-d structures is preserved',
    severity: 'error',
    scope: 'unit-table',
    evidence: 'iommu_preserve_pages of the live-update series; kernel/liveupdate/kexec_handover.c',
    consequence:
      'the next kernel hands out these pages while devices are translated with them: DMA goes wherever the new contents point',
  },
  {
    id: 'VTD-137',
    row: 'XR-5',
    title: 'no address uses bits 51:46, which many hosts do not have',
    severity: 'note',
    scope: 'table',
    evidence: 'VT-d 3.4 (host address width: ACPI DMAR table, byte 36, plus one)',
    consequence: 'on a host with fewer address bits the entry faults; name the width with --haw',
    leaf: (target) => (target.nested ? undefined : highAddress(target)),
    pointer: (target) => (target.addressBits === undefined ? highAddress(target) : undefined),
  },
  {
    id: 'VTD-138',
    row: 'mapped pages',
    title: 'every page that a device can reach is preserved',
    severity: 'error',
    scope: 'unit-table',
    evidence: 'kernel/liveupdate/kexec_handover.c (pages outside the map go to the buddy allocator)',
    consequence: 'the next kernel hands the page out while the device keeps writing to it',
  },
];
