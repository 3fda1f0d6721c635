/** Rows SC: context entries of scalable mode. */
import type { ScalableContextEntry } from '../../../records/vtd.js';
import { hex } from '../../../schema/units.js';
import { aboveWidth, type EntryRow, mustBeZero, nullPointer, onField, PAGE_0, type Row } from '../row.js';

const FAULTS = 'every request of the device faults';
const PART = {
  severity: 'error',
  scope: 'scalable-context-entry',
  evidence: 'VT-d 9.4',
  consequence: FAULTS,
} as const;
const SCT3 = [0x42, 'SCT.3'] as const;
const ODD = { severity: 'note', scope: 'scalable-context-entry' } as const;

/** Fields that a capability allows. */
const GATED = [
  ['dte', 'dt', 'DT'],
  ['paside', 'pasid', 'PASID'],
  ['pre', 'prs', 'PRS'],
  ['hpte', 'hpts', 'HPTS'],
  ['eptr', 'ptrs', 'PTRS'],
] as const;

/** PASIDs that the directory of an entry reaches. */
export function pasidsOf({ pdts }: ScalableContextEntry): number {
  return 2 ** (pdts + 13);
}

export const scalableContextRows: readonly EntryRow<ScalableContextEntry>[] = [
  {
    ...PART,
    id: 'VTD-041',
    row: 'SC-2',
    title: 'bits 8:7 of a scalable context entry are 0',
    scalable: SCT3,
    test: (entry) => mustBeZero(entry, 'reserved7'),
  },
  {
    ...PART,
    id: 'VTD-042',
    row: 'SC-3',
    title: 'DTE, PASIDE, PRE, HPTE and EPTR are set only where the capability is there',
    scalable: SCT3,
    test: (entry) => {
      const gated = GATED.find(([field, cap]) => entry.value[field] === 1 && entry.caps.ecap[cap] === 0);
      return gated === undefined
        ? undefined
        : onField(entry, gated[0], `needs ECAP.${gated[2]}`, { depends: 'ecap' });
    },
  },
  {
    ...PART,
    id: 'VTD-043',
    row: 'SC-4',
    title: 'the PASID directory is below the host address width',
    scalable: SCT3,
    test: (entry) => aboveWidth(entry, 'pasiddirptr'),
  },
  {
    ...PART,
    id: 'VTD-044',
    row: 'SC-5',
    title: 'RID_PASID and RID_PRIV are 0 where the capability is missing',
    scalable: SCT3,
    test: (entry) => {
      const { value, caps } = entry;
      if (value.ridPasid !== 0 && caps.ecap.rps === 0)
        return onField(entry, 'ridPasid', 'needs ECAP.RPS', { depends: 'ecap' });
      if (value.ridPriv !== 0 && caps.ecap.rprivs === 0)
        return onField(entry, 'ridPriv', 'needs ECAP.RPRIVS', { depends: 'ecap' });
      return undefined;
    },
  },
  {
    ...PART,
    id: 'VTD-045',
    row: 'SC-6',
    title: 'bits 255:85 of a scalable context entry are 0',
    scalable: SCT3,
    test: (entry) => mustBeZero(entry, 'reserved85', 'reserved128', 'reserved192'),
  },
  {
    ...PART,
    id: 'VTD-046',
    row: 'SC-7',
    title: 'page requests are allowed only with the device TLB',
    evidence: 'VT-d Table 30',
    scalable: [0x43, 'SCT.4.1'],
    test: (entry) =>
      entry.value.pre === 1 && entry.value.dte === 0
        ? onField(entry, 'pre', 'is set while DTE is 0', { expected: '0, or DTE set' })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-047',
    row: 'SC-8',
    title: 'RID_PASID is within the PASID directory',
    evidence: 'VT-d Table 30',
    scalable: [0x43, 'SCT.4.2'],
    test: (entry) =>
      entry.value.ridPasid >= pasidsOf(entry.value)
        ? onField(entry, 'ridPasid', `is beyond the directory of ${pasidsOf(entry.value)} PASIDs`, {
            expected: `below ${hex(pasidsOf(entry.value))}`,
          })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-048',
    row: 'SC-9',
    title: 'translated requests may carry a PASID only where PASIDs are enabled',
    evidence: 'VT-d Table 30',
    scalable: [0x43, 'SCT.4.3'],
    test: (entry) =>
      entry.value.eptr === 1 && entry.value.paside === 0
        ? onField(entry, 'eptr', 'is set while PASIDE is 0', { expected: '0, or PASIDE set' })
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-050',
    row: 'SC-11',
    title: 'RID_PASID is 0, as Linux has it',
    evidence: 'drivers/iommu/intel/iommu.c context_entry_set_pasid_table',
    consequence: 'requests without PASID use an entry other than the one that the kernel sets up',
    test: (entry) =>
      entry.value.ridPasid === 0 ? undefined : onField(entry, 'ridPasid', 'is not what Linux writes'),
  },
  {
    id: 'VTD-147',
    row: '1.5 PASIDDIRPTR 0',
    title: 'the PASID directory of a present context entry is not at address 0',
    severity: 'error',
    scope: 'scalable-context-entry',
    evidence: 'drivers/iommu/intel/iommu.c context_entry_set_pasid_table',
    consequence: PAGE_0,
    test: (entry) => nullPointer(entry, 'pasiddirptr', 'PASID directory'),
  },
  {
    id: 'VTD-141',
    row: '2.6 FPD of scalable contexts',
    title: 'faults of a device are recorded in scalable mode',
    severity: 'warning',
    scope: 'scalable-context-entry',
    evidence: 'VT-d 9.4; drivers/iommu/intel/iommu.c context_entry_set_pasid_table (clears it)',
    consequence: 'hardware records none of the maskable faults: blocked requests go unnoticed',
    test: (entry) =>
      entry.value.fpd === 1 ? onField(entry, 'fpd', 'masks the faults of the device') : undefined,
  },
];

/** Rows that need more than the entry. */
export const scalableContextTableRows: readonly Row[] = [
  {
    id: 'VTD-040',
    row: 'SC-1',
    title: 'the device asked for has a scalable context entry',
    severity: 'warning',
    scope: 'scalable-context-entry',
    evidence: 'VT-d 9.4, Table 30',
    consequence: FAULTS,
    scalable: [0x41, 'SCT.2'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-049',
    row: 'SC-10',
    title: 'PASID directories are in the dump',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, requests fault',
    scalable: [0x50, 'SPD.1'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-051',
    row: 'SC-12',
    title: 'the PASID entry for requests without PASID is present',
    evidence:
      'drivers/iommu/intel/iommu.c device_block_translation (takes it away and leaves the context entry)',
    consequence:
      'requests without PASID fault; intended where a driver has claimed the device and attached no domain yet',
    scalable: [0x59, 'SPT.2'],
    onAccess: true,
  },
];
