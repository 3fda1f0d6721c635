/** Rows CT: context entries of legacy mode. */
import { type ContextEntry, ContextTranslationType } from '../../../records/vtd.js';
import { hex } from '../../../schema/units.js';
import {
  aboveWidth,
  didFits,
  type Entry,
  type EntryRow,
  mustBeZero,
  nullPointer,
  onField,
  PAGE_0,
  type Row,
} from '../row.js';

const FAULTS = 'every request of the device faults';
const ONE_TABLE = 'drivers/iommu/intel/iommu.c domain_context_mapping_one';
const ONE_ID = 'drivers/iommu/intel/iommu.c domain_attach_iommu';
const TAGS = 'entries of one domain in the IOTLB and paging-structure caches are used for the other';
const RESERVED = {
  severity: 'error',
  scope: 'context-entry',
  evidence: 'VT-d 9.3',
  consequence: FAULTS,
} as const;
const PROGRAMMED = { ...RESERVED, evidence: 'VT-d 9.3, Table 30' } as const;
const ODD = { severity: 'note', scope: 'context-entry' } as const;
const LCT3 = [0xb, 'LCT.3'] as const;

/** Whether requests go through second-stage tables. */
export function usesTables({ tt }: ContextEntry): boolean {
  return tt === ContextTranslationType.untranslated || tt === ContextTranslationType.all;
}

function passesThrough({ tt }: ContextEntry): boolean {
  return tt === ContextTranslationType.passThrough;
}

/** The code of the widest address width that SAGAW allows; -1 for none. */
function widest(sagaw: number): number {
  return 31 - Math.clz32(sagaw);
}

function supported({ caps, value }: Entry<ContextEntry>): boolean {
  return ((caps.cap.sagaw >>> value.aw) & 1) === 1;
}

/** Rows on present entries. */
export const contextEntryRows: readonly EntryRow<ContextEntry>[] = [
  {
    ...RESERVED,
    id: 'VTD-019',
    row: 'CT-2',
    title: 'bits 11:4 of a context entry are 0',
    legacy: LCT3,
    test: (entry) => mustBeZero(entry, 'reserved4'),
  },
  {
    ...RESERVED,
    id: 'VTD-020',
    row: 'CT-3',
    title: 'the second-stage pointer is below the host address width',
    legacy: LCT3,
    test: (entry) => (usesTables(entry.value) ? aboveWidth(entry, 'ssptptr') : undefined),
  },
  {
    ...RESERVED,
    id: 'VTD-021',
    row: 'CT-4',
    title: 'bit 71 of a context entry is 0',
    legacy: LCT3,
    test: (entry) => mustBeZero(entry, 'reserved71'),
  },
  {
    ...RESERVED,
    id: 'VTD-022',
    row: 'CT-5',
    title: 'bits 127:88 of a context entry are 0',
    legacy: LCT3,
    test: (entry) => mustBeZero(entry, 'reserved88'),
  },
  {
    ...RESERVED,
    id: 'VTD-023',
    row: 'CT-6',
    title: 'the domain id fits the width that CAP.ND gives',
    legacy: LCT3,
    test: didFits,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-024',
    row: 'CT-7',
    title: 'the translation type is defined',
    legacy: [0x3, 'LCT.4.2'],
    test: (entry) =>
      usesTables(entry.value) || passesThrough(entry.value)
        ? undefined
        : onField(entry, 'tt', 'is reserved', { expected: '0, 1 or 2' }),
  },
  {
    ...PROGRAMMED,
    id: 'VTD-025',
    row: 'CT-8',
    title: 'translated requests are allowed only where ECAP.DT is set',
    legacy: [0x3, 'LCT.4.2'],
    test: (entry) =>
      entry.value.tt === ContextTranslationType.all && entry.caps.ecap.dt === 0
        ? onField(entry, 'tt', 'needs ECAP.DT', { depends: 'ecap' })
        : undefined,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-026',
    row: 'CT-9',
    title: 'pass-through is used only where ECAP.PT is set',
    legacy: [0x3, 'LCT.4.2'],
    test: (entry) =>
      passesThrough(entry.value) && entry.caps.ecap.pt === 0
        ? onField(entry, 'tt', 'needs ECAP.PT', { depends: 'ecap' })
        : undefined,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-027',
    row: 'CT-10',
    title: 'the address width of a context entry is 39, 48 or 57 bits',
    legacy: [0x3, 'LCT.4.1'],
    test: (entry) =>
      usesTables(entry.value) && (entry.value.aw < 1 || entry.value.aw > 3)
        ? onField(entry, 'aw', 'is reserved', { expected: '1, 2 or 3' })
        : undefined,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-028',
    row: 'CT-11',
    title: 'the address width of a context entry is one that CAP.SAGAW allows',
    legacy: [0x3, 'LCT.4.1'],
    test: (entry) =>
      usesTables(entry.value) && entry.value.aw >= 1 && entry.value.aw <= 3 && !supported(entry)
        ? onField(
            entry,
            'aw',
            `needs bit ${entry.value.aw} of CAP.SAGAW, which is ${hex(entry.caps.cap.sagaw)}`,
            {
              depends: 'cap',
            },
          )
        : undefined,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-029',
    row: 'CT-12',
    title: 'a pass-through entry has the largest address width of CAP.SAGAW',
    legacy: [0x3, 'LCT.4.1'],
    test: (entry) =>
      passesThrough(entry.value) && entry.value.aw !== widest(entry.caps.cap.sagaw)
        ? onField(entry, 'aw', 'is not the largest that CAP.SAGAW allows', {
            depends: 'cap',
            expected: entry.caps.given.cap ? `${widest(entry.caps.cap.sagaw)}` : 'the largest of SAGAW',
          })
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-031',
    row: 'CT-14',
    title: 'the second-stage pointer is not 0',
    severity: 'error',
    evidence: ONE_TABLE,
    consequence: PAGE_0,
    test: (entry) => (usesTables(entry.value) ? nullPointer(entry, 'ssptptr', 'page table') : undefined),
  },
  {
    ...ODD,
    id: 'VTD-032',
    row: 'CT-15',
    title: 'domain id 0 is not used in caching mode',
    severity: 'error',
    evidence: 'VT-d 6.2.2.1',
    consequence: 'the id tags cached faults: invalidating the domain does not work as intended',
    test: (entry) =>
      entry.value.did === 0 && (entry.caps.cap.cm === 1 || !entry.caps.given.cap)
        ? onField(entry, 'did', 'is reserved where CAP.CM is set', { depends: 'cap' })
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-033',
    row: 'CT-16',
    title: 'pass-through has domain id 1 and no table, other entries an id from 2 on, as Linux writes them',
    evidence:
      'drivers/iommu/intel/iommu.h FLPT_DEFAULT_DID, IDA_START_DID; iommu.c context_setup_pass_through (clears the entry first)',
    consequence:
      'none for an id alone: a system other than Linux wrote the entry, or it is damaged. With pass-through, a table pointer shows that the type was changed: the device reaches all memory',
    test: (entry) => {
      const { did, ssptptr } = entry.value;
      if (passesThrough(entry.value) && ssptptr !== 0n)
        return onField(entry, 'tt', `is pass-through, but the entry has the table ${hex(ssptptr << 12n)}`, {
          severity: 'error',
        });
      if (did !== 0 && (did === 1) === passesThrough(entry.value)) return undefined;
      return onField(
        entry,
        'did',
        `is not what Linux gives to ${passesThrough(entry.value) ? 'pass-through' : 'tables'}`,
        {
          key: '',
          expected: passesThrough(entry.value) ? '1' : '2 or more',
        },
      );
    },
  },
  {
    ...ODD,
    id: 'VTD-034',
    row: 'CT-17',
    title: 'faults of a device are recorded',
    severity: 'warning',
    evidence: 'drivers/iommu/intel/iommu.h context_set_fault_enable',
    consequence: 'hardware records none of the maskable faults: blocked requests go unnoticed',
    test: (entry) =>
      entry.value.fpd === 1 ? onField(entry, 'fpd', 'masks the faults of the device') : undefined,
  },
  {
    ...ODD,
    id: 'VTD-035',
    row: 'CT-18',
    title: 'the ignored bits of a context entry are 0',
    evidence: 'VT-d 9.3',
    consequence: 'none: they are free for software; Linux writes 0',
    test: (entry) =>
      entry.value.ignored67 === 0 ? undefined : onField(entry, 'ignored67', 'is free for software'),
  },
];

/** Rows on entries that are not present, and on several entries. */
export const contextRows: readonly Row[] = [
  {
    id: 'VTD-018',
    row: 'CT-1',
    title: 'the device asked for has a context entry',
    severity: 'warning',
    scope: 'context-entry',
    evidence: 'VT-d 9.3, Table 30',
    consequence: FAULTS,
    legacy: [0x2, 'LCT.2'],
    onAccess: true,
  },
  {
    id: 'VTD-030',
    row: 'CT-13',
    title: 'top tables of context entries are in the dump',
    severity: 'note',
    scope: 'context-entry',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, every request of the device faults',
    legacy: [0x3, 'LCT.4.3'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-036',
    row: 'CT-19',
    title: 'a context entry that is not present is 0',
    severity: 'error',
    evidence: 'drivers/iommu/intel/iommu.c domain_context_clear_one',
    consequence:
      'every request faults: the kernel clears P, flushes the caches and clears the rest in one go, so that only a dump of that moment has such an entry on a healthy machine',
  },
  {
    ...ODD,
    id: 'VTD-037',
    row: 'CT-20',
    title: 'contexts with one domain id have one table and one address width',
    severity: 'error',
    evidence: 'VT-d 6.2.2.1',
    consequence: TAGS,
  },
  {
    ...ODD,
    id: 'VTD-038',
    row: 'CT-21',
    title: 'contexts with one table have one domain id',
    severity: 'error',
    evidence: `VT-d 6.2.2.1; ${ONE_ID}`,
    consequence: 'invalidating one domain id leaves stale translations under the other',
  },
];
