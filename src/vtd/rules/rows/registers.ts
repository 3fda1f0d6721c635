/** Rows RA: the RTADDR register. */
import { type RtaddrReg, TableMode } from '../../../records/vtd.js';
import { aboveWidth, type EntryRow, onField } from '../row.js';
import { translationEnabled } from '../unit.js';

const BLOCKED = 'hardware blocks every request of the unit';
const PART = {
  severity: 'error',
  scope: 'registers',
  evidence: 'VT-d Table 30',
  consequence: BLOCKED,
} as const;
const COPY = 'drivers/iommu/intel/iommu.c copy_translation_tables';
const NOT_COPIED =
  'a kdump kernel does not take over the tables: it switches translation off while devices keep running';

export const registerRows: readonly EntryRow<RtaddrReg>[] = [
  {
    ...PART,
    id: 'VTD-001',
    row: 'RA-1',
    title: 'RTADDR does not select the reserved (extended) table mode',
    evidence: 'VT-d 11.4.5, Table 30',
    legacy: [0x30, 'RTA.1.2'],
    test: (entry) =>
      entry.value.ttm === TableMode.extended
        ? onField(entry, 'ttm', 'is reserved; extended mode of revision 2.x is not decoded')
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-002',
    row: 'RA-2',
    title: 'scalable mode is selected only where ECAP.SMTS is set',
    scalable: [0x30, 'RTA.1.3'],
    test: (entry) =>
      entry.value.ttm === TableMode.scalable && entry.caps.ecap.smts === 0
        ? onField(entry, 'ttm', 'selects scalable mode, which needs ECAP.SMTS', { depends: 'ecap' })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-003',
    row: 'RA-3',
    title: 'abort-DMA mode is selected only where ECAP.ADMS is set',
    legacy: [0x30, 'RTA.1.1'],
    test: (entry) =>
      entry.value.ttm === TableMode.abortDma && entry.caps.ecap.adms === 0
        ? onField(entry, 'ttm', 'selects abort-DMA mode, which needs ECAP.ADMS', { depends: 'ecap' })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-004',
    row: 'RA-4',
    title: 'SSIRWE is not set in legacy mode',
    legacy: [0x30, 'RTA.1.4'],
    test: (entry) =>
      entry.value.ssirwe === 1 && entry.value.ttm === TableMode.legacy
        ? onField(entry, 'ssirwe', 'is set in legacy mode', { expected: '0' })
        : undefined,
  },
  {
    id: 'VTD-005',
    row: 'RA-5',
    title: 'reserved bits of RTADDR are 0',
    severity: 'warning',
    scope: 'registers',
    evidence: 'VT-d 11.4.5',
    consequence: 'their effect is not defined',
    test: (entry) => {
      const { value, caps } = entry;
      if (value.reserved0 !== 0) return onField(entry, 'reserved0', 'is reserved', { expected: '0' });
      if (value.reserved8 !== 0) return onField(entry, 'reserved8', 'is reserved', { expected: '0' });
      if (value.ssirwe === 0 || caps.ecap.ssirws === 1) return undefined;
      return onField(entry, 'ssirwe', 'needs ECAP.SSIRWS', { depends: 'ecap' });
    },
  },
  {
    ...PART,
    id: 'VTD-006',
    row: 'RA-6',
    title: 'the root table address is not 0 while translation is on',
    evidence: COPY,
    consequence: NOT_COPIED,
    test: (entry) =>
      entry.value.rta === 0n && translationEnabled(entry.unit) === true
        ? onField(entry, 'rta', 'is not a root table, though GSTS_REG.TES is set')
        : undefined,
  },
  {
    id: 'VTD-008',
    row: 'RA-8',
    title: 'abort-DMA mode is not in use',
    severity: 'warning',
    scope: 'registers',
    evidence: 'drivers/iommu/intel/iommu.h DMA_RTADDR_SMT and its users',
    consequence: 'hardware aborts every request, and Linux takes the mode for scalable mode',
    legacy: [0x33, 'RTA.4'],
    onAccess: true,
    test: (entry) =>
      entry.value.ttm === TableMode.abortDma
        ? onField(entry, 'ttm', 'selects abort-DMA mode, which Linux reads as scalable')
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-139',
    row: '2.6 LRT.1, SRT.1',
    title: 'the root table is below the host address width',
    evidence: 'VT-d 11.4.5, Table 30',
    consequence: `hardware cannot read the table: ${BLOCKED}`,
    legacy: [0x8, 'LRT.1'],
    scalable: [0x38, 'SRT.1'],
    test: (entry) =>
      entry.value.ttm === TableMode.legacy || entry.value.ttm === TableMode.scalable
        ? aboveWidth(entry, 'rta')
        : undefined,
  },
];
