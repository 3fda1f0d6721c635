/** Rows PD: entries of PASID directories. */
import type { PasidDirEntry } from '../../../records/vtd.js';
import { aboveWidth, type EntryRow, mustBeZero, nullPointer, onField, PAGE_0, type Row } from '../row.js';

const FAULTS = 'every request with one of these 64 PASIDs faults';
const GET_ENTRY = 'drivers/iommu/intel/pasid.c intel_pasid_get_entry';
const PART = {
  severity: 'error',
  scope: 'pasid-directory-entry',
  evidence: 'VT-d 9.5',
  consequence: FAULTS,
} as const;

export const directoryRows: readonly EntryRow<PasidDirEntry>[] = [
  {
    ...PART,
    id: 'VTD-053',
    row: 'PD-2',
    title: 'bits 11:2 of a PASID directory entry are 0',
    scalable: [0x52, 'SPD.3'],
    test: (entry) => mustBeZero(entry, 'reserved2'),
  },
  {
    ...PART,
    id: 'VTD-054',
    row: 'PD-3',
    title: 'PASID tables are below the host address width',
    scalable: [0x52, 'SPD.3'],
    test: (entry) => aboveWidth(entry, 'smptblptr'),
  },
  {
    ...PART,
    id: 'VTD-148',
    row: '1.6 SMPTBLPTR 0',
    title: 'the PASID table of a present directory entry is not at address 0',
    evidence: GET_ENTRY,
    consequence: PAGE_0,
    test: (entry) => nullPointer(entry, 'smptblptr', 'PASID table'),
  },
  {
    id: 'VTD-056',
    row: 'PD-5',
    title: 'faults are recorded',
    severity: 'warning',
    scope: 'pasid-directory-entry',
    evidence: GET_ENTRY,
    consequence: 'hardware records none of the maskable faults of 64 PASIDs',
    test: (entry) => (entry.value.fpd === 1 ? onField(entry, 'fpd', 'masks faults') : undefined),
  },
];

export const directoryTableRows: readonly Row[] = [
  {
    ...PART,
    id: 'VTD-052',
    row: 'PD-1',
    title: 'the PASID directory entry of the device asked for is present',
    severity: 'warning',
    evidence: 'VT-d 9.5, Table 30',
    scalable: [0x51, 'SPD.2'],
    onAccess: true,
  },
  {
    id: 'VTD-055',
    row: 'PD-4',
    title: 'PASID tables are in the dump',
    severity: 'note',
    scope: 'pasid-directory-entry',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, requests fault',
    scalable: [0x58, 'SPT.1'],
    onAccess: true,
  },
  {
    ...PART,
    id: 'VTD-057',
    row: 'PD-6',
    title: 'no two directory entries share a PASID table',
    evidence: GET_ENTRY,
    consequence: 'a change for one PASID changes what another reaches',
  },
];
