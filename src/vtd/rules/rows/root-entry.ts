/** Rows RT: root entries. */
import type { RootEntry, ScalableRootEntry } from '../../../records/vtd.js';
import { aboveWidth, type EntryRow, mustBeZero, nullPointer, PAGE_0, type Row } from '../row.js';

const ACCESSED = 'every request from the bus faults';
const CONTEXT = 'drivers/iommu/intel/iommu.c iommu_context_addr';
const LEGACY = {
  severity: 'error',
  scope: 'legacy-root-entry',
  evidence: 'VT-d 9.1',
  consequence: ACCESSED,
  legacy: [0xa, 'LRT.3'],
} as const;
const SCALABLE = {
  severity: 'error',
  scope: 'scalable-root-entry',
  evidence: 'VT-d 9.2',
  consequence: ACCESSED,
  scalable: [0x3a, 'SRT.3'],
} as const;
const ENTRY = { severity: 'error', scope: 'root-entry', evidence: CONTEXT } as const;

/** Rows that are judged where the tables are followed. */
export const rootRows: readonly Row[] = [
  {
    id: 'VTD-009',
    row: 'RT-1',
    title: 'the bus of the device asked for has a root entry',
    severity: 'warning',
    scope: 'root-entry',
    evidence: 'VT-d 9.1, Table 30',
    consequence: ACCESSED,
    legacy: [0x1, 'LRT.2'],
    scalable: [0x39, 'SRT.2'],
    onAccess: true,
  },
  {
    ...ENTRY,
    id: 'VTD-015',
    row: 'RT-7',
    title: 'a root entry that is not present is 0',
    consequence:
      'every request from the bus faults: the kernel writes the entry in one go and never clears it, so P was lost or half of the entry is missing',
  },
  {
    id: 'VTD-016',
    row: 'RT-8',
    title: 'context tables are in the dump',
    severity: 'note',
    scope: 'root-entry',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, every request of the bus faults',
    legacy: [0x9, 'LCT.1'],
    scalable: [0x40, 'SCT.1'],
    onAccess: true,
  },
  {
    ...ENTRY,
    id: 'VTD-017',
    row: 'RT-9',
    title: 'no two root entries share a context table',
    consequence: 'a change for a device of one bus changes what a device of the other reaches',
  },
];

export const legacyRootRows: readonly EntryRow<RootEntry>[] = [
  {
    ...LEGACY,
    id: 'VTD-010',
    row: 'RT-2',
    title: 'bits 11:1 of a root entry are 0',
    test: (entry) => mustBeZero(entry, 'reserved1'),
  },
  {
    ...LEGACY,
    id: 'VTD-011',
    row: 'RT-3',
    title: 'the context table of a root entry is below the host address width',
    test: (entry) => aboveWidth(entry, 'ctp'),
  },
  {
    ...LEGACY,
    id: 'VTD-012',
    row: 'RT-4',
    title: 'the high word of a legacy root entry is 0',
    test: (entry) => mustBeZero(entry, 'reserved64'),
  },
  {
    ...ENTRY,
    id: 'VTD-145',
    row: '1.1 CTP 0',
    title: 'the context table of a present root entry is not at address 0',
    scope: 'legacy-root-entry',
    consequence: PAGE_0,
    test: (entry) => nullPointer(entry, 'ctp', 'context table'),
  },
];

/** Judged for each half that is present; `place.devfn` tells the half. */
export const scalableRootRows: readonly EntryRow<ScalableRootEntry>[] = [
  {
    ...SCALABLE,
    id: 'VTD-013',
    row: 'RT-5',
    title: 'the lower half of a scalable root entry has no reserved bits',
    test: (entry) =>
      entry.value.lp === 0 ? undefined : (mustBeZero(entry, 'reserved1') ?? aboveWidth(entry, 'lctp')),
  },
  {
    ...SCALABLE,
    id: 'VTD-014',
    row: 'RT-6',
    title: 'the upper half of a scalable root entry has no reserved bits',
    test: (entry) =>
      entry.value.up === 0 ? undefined : (mustBeZero(entry, 'reserved65') ?? aboveWidth(entry, 'uctp')),
  },
  {
    ...ENTRY,
    id: 'VTD-146',
    row: '1.2 LCTP, UCTP 0',
    title: 'the context tables of a scalable root entry are not at address 0',
    scope: 'scalable-root-entry',
    consequence: PAGE_0,
    test: (entry) =>
      (entry.value.lp === 0 ? undefined : nullPointer(entry, 'lctp', 'context table')) ??
      (entry.value.up === 0 ? undefined : nullPointer(entry, 'uctp', 'context table')),
  },
];

/** Bits of halves that are not present (RT-7). */
export function staleRoot(
  entry:
    | { readonly legacy: true; readonly value: RootEntry }
    | { readonly legacy: false; readonly value: ScalableRootEntry },
): boolean {
  if (entry.legacy) {
    const { p, reserved1, ctp, reserved64 } = entry.value;
    return p === 0 && (reserved1 !== 0 || ctp !== 0n || reserved64 !== 0n);
  }
  const { lp, reserved1, lctp, up, reserved65, uctp } = entry.value;
  return (lp === 0 && (reserved1 !== 0 || lctp !== 0n)) || (up === 0 && (reserved65 !== 0 || uctp !== 0n));
}
