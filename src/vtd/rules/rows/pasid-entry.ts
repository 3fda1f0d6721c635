/** Rows PE: entries of PASID tables. */
import { PagingMode, type PasidEntry, PasidTranslationType, pasidEntryMasks } from '../../../records/vtd.js';
import type { VtdSettings } from '../../../schema/settings.js';
import { hex } from '../../../schema/units.js';
import { inputWidthOf } from '../../registers.js';
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

const FAULTS = 'every request with the PASID faults';
const PART = { severity: 'error', scope: 'pasid-entry', evidence: 'VT-d 9.6', consequence: FAULTS } as const;
const PROGRAMMED = { ...PART, evidence: 'VT-d 9.6, Table 30' } as const;
const ODD = { severity: 'note', scope: 'pasid-entry' } as const;
const SPT3 = [0x5a, 'SPT.3'] as const;
const TAGS = 'entries of one domain in the IOTLB and paging-structure caches are used for the other';
const { firstStage, secondStage, nested, passThrough } = PasidTranslationType;

export function usesFirst({ pgtt }: PasidEntry): boolean {
  return pgtt === firstStage || pgtt === nested;
}

export function usesSecond({ pgtt }: PasidEntry): boolean {
  return pgtt === secondStage || pgtt === nested;
}

/** The capability that each translation type needs. */
const TYPES = new Map([
  [firstStage, ['fsts', 'FSTS']],
  [secondStage, ['ssts', 'SSTS']],
  [nested, ['nest', 'NEST']],
  [passThrough, ['pt', 'PT']],
] as const);

const ALL = 0xffff_ffff_ffff_ffffn;
const GATED = new WeakMap<VtdSettings, Map<number, readonly bigint[]>>();

/** Bits of an entry that are reserved because ECAP lacks something; they depend on its type alone. */
function gatedBits({ caps, value }: Entry<PasidEntry>): readonly bigint[] {
  const { settings, given } = caps;
  let byType = GATED.get(settings);
  if (byType === undefined) {
    byType = new Map();
    GATED.set(settings, byType);
  }
  let bits = byType.get(value.pgtt);
  if (bits === undefined) {
    const all = pasidEntryMasks({ ...settings, ecap: ALL }, value);
    bits = pasidEntryMasks({ ...settings, ecap: given.ecap ? settings.ecap : 0n }, value).map(
      (mask, word) => {
        const own = (BigInt(mask.reservedHi) << 32n) | BigInt(mask.reservedLo);
        const free = (BigInt(all[word]?.reservedHi ?? 0) << 32n) | BigInt(all[word]?.reservedLo ?? 0);
        return own & ~free;
      },
    );
    byType.set(value.pgtt, bits);
  }
  return bits;
}

/** The first field that is not 0 though the capability for it is missing; PGSNP of a first stage has its own row. */
function gatedField(entry: Entry<PasidEntry>): keyof PasidEntry | undefined {
  const gated = gatedBits(entry);
  if (entry.words.every((word, index) => (word & (gated[index] ?? 0n)) === 0n)) return undefined;
  for (const { id, bitOffset = 0, bitWidth = 0, reserved } of entry.type.fields) {
    if (reserved === undefined || (id === 'pgsnp' && entry.value.pgtt === firstStage)) continue;
    const word = Math.floor(bitOffset / 64);
    const mask = ((1n << BigInt(bitWidth)) - 1n) << BigInt(bitOffset % 64);
    if (((entry.words[word] ?? 0n) & (gated[word] ?? 0n) & mask) !== 0n) return id as keyof PasidEntry;
  }
  return undefined;
}

/** A hit when a field that this revision reserves is not 0. */
function reservedIn5(entry: Entry<PasidEntry>, ...ids: readonly (keyof PasidEntry)[]) {
  return entry.caps.settings.rev >= 5 ? mustBeZero(entry, ...ids) : undefined;
}

/** Rows on present entries. */
export const pasidEntryRows: readonly EntryRow<PasidEntry>[] = [
  {
    ...PART,
    id: 'VTD-059',
    row: 'PE-2',
    title: 'the reserved bits of the first word are 0',
    scalable: SPT3,
    test: (entry) => reservedIn5(entry, 'slee') ?? mustBeZero(entry, 'reserved10'),
  },
  {
    ...PART,
    id: 'VTD-060',
    row: 'PE-3',
    title: 'the second-stage pointer is below the host address width',
    scalable: SPT3,
    test: (entry) => (usesSecond(entry.value) ? aboveWidth(entry, 'ssptptr') : undefined),
  },
  {
    ...PART,
    id: 'VTD-061',
    row: 'PE-4',
    title: 'the reserved bits of the second word are 0',
    scalable: SPT3,
    test: (entry) => mustBeZero(entry, 'reserved80') ?? reservedIn5(entry, 'emt', 'pwt', 'pcd'),
  },
  {
    ...PART,
    id: 'VTD-062',
    row: 'PE-5',
    title: 'the reserved bits of the third word are 0',
    scalable: SPT3,
    test: (entry) => mustBeZero(entry, 'reserved136') ?? reservedIn5(entry, 'ere'),
  },
  {
    ...PART,
    id: 'VTD-063',
    row: 'PE-6',
    title: 'the first-stage pointer is in range and the words after it are 0',
    scalable: SPT3,
    test: (entry) =>
      (usesFirst(entry.value) ? aboveWidth(entry, 'fsptptr') : undefined) ??
      mustBeZero(entry, 'reserved192', 'reserved259', 'reserved336', 'reserved384', 'reserved448') ??
      (entry.caps.settings.hpte ? aboveWidth(entry, 'hptptr') : undefined),
  },
  {
    ...PART,
    id: 'VTD-064',
    row: 'PE-7',
    title: 'fields are 0 where the capability for them is missing',
    scalable: SPT3,
    test: (entry) => {
      const id = gatedField(entry);
      if (id === undefined) return undefined;
      const { reserved } = entry.type.fields.find((field) => field.id === id) ?? {};
      const names = (reserved?.names ?? []).filter((name) => name.startsWith('ecap.'));
      const needs = names.map((name) => name.replace('ecap.', 'ECAP.').toUpperCase()).join(', ');
      return onField(entry, id, `needs ${needs}`, { depends: 'ecap' });
    },
  },
  {
    ...PART,
    id: 'VTD-065',
    row: 'PE-8',
    title: 'the domain id fits the width that CAP.ND gives',
    scalable: SPT3,
    test: didFits,
  },
  {
    ...PROGRAMMED,
    id: 'VTD-066',
    row: 'PE-9',
    title: 'the translation type is defined and supported',
    scalable: [0x5b, 'SPT.4.2'],
    test: (entry) => {
      const needs = TYPES.get(entry.value.pgtt as 1 | 2 | 3 | 4);
      if (needs === undefined) return onField(entry, 'pgtt', 'is reserved', { expected: '1 to 4' });
      const [field, name] = needs;
      return entry.caps.ecap[field] === 1
        ? undefined
        : onField(entry, 'pgtt', `needs ECAP.${name}`, { depends: 'ecap' });
    },
  },
  {
    ...PROGRAMMED,
    id: 'VTD-067',
    row: 'PE-10',
    title: 'the address width is one that CAP.SAGAW allows',
    scalable: [0x5b, 'SPT.4.1'],
    test: (entry) => {
      const { aw } = entry.value;
      if (!usesSecond(entry.value)) return undefined;
      if (aw < 1 || aw > 3) return onField(entry, 'aw', 'is reserved', { expected: '1, 2 or 3' });
      const { sagaw } = entry.caps.cap;
      if (((sagaw >>> aw) & 1) === 1) return undefined;
      return onField(entry, 'aw', `needs bit ${aw} of CAP.SAGAW, which is ${hex(sagaw)}`, { depends: 'cap' });
    },
  },
  {
    ...PROGRAMMED,
    id: 'VTD-068',
    row: 'PE-11',
    title: 'the first-stage paging mode is defined and supported',
    scalable: [0x5b, 'SPT.4.3'],
    test: (entry) => {
      const { fspm } = entry.value;
      if (!usesFirst(entry.value) || fspm === PagingMode.fourLevel) return undefined;
      if (fspm !== PagingMode.fiveLevel) return onField(entry, 'fspm', 'is reserved', { expected: '0 or 1' });
      return entry.caps.cap.fs5lp === 1
        ? undefined
        : onField(entry, 'fspm', 'needs CAP.FS5LP', { depends: 'cap' });
    },
  },
  {
    ...PROGRAMMED,
    id: 'VTD-069',
    row: 'PE-12',
    title: 'a nested first-stage table is below the input width of the second stage',
    scalable: [0x5b, 'SPT.4.4'],
    test: (entry) => {
      const { pgtt, aw, fsptptr } = entry.value;
      if (pgtt !== nested || aw < 1 || aw > 3) return undefined;
      const width = inputWidthOf(entry.caps.settings, aw + 2);
      if ((fsptptr << 12n) >> BigInt(width) === 0n) return undefined;
      return onField(entry, 'fsptptr', `is beyond the ${width} bits of the second stage`);
    },
  },
  {
    ...PROGRAMMED,
    id: 'VTD-071',
    row: 'PE-14',
    title: 'accessed and dirty bits are on only with snooped walks',
    severity: 'warning',
    scalable: [0x7c, 'SSS.5'],
    onAccess: true,
    test: (entry) =>
      usesSecond(entry.value) && entry.value.ssade === 1 && entry.value.pwsnp === 0
        ? onField(entry, 'ssade', 'is set while PWSNP is 0', { expected: '0, or PWSNP set' })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-072',
    row: 'PE-15',
    title: 'accessed and dirty bits are on only where ECAP has SSADS and SMPWCS',
    evidence: 'drivers/iommu/intel/iommu.c paging_domain_compatible_second_stage',
    consequence: 'the kernel does not make such an entry; without SSADS hardware faults',
    scalable: SPT3,
    test: (entry) =>
      usesSecond(entry.value) &&
      entry.value.ssade === 1 &&
      (entry.caps.ecap.ssads === 0 || entry.caps.ecap.smpwcs === 0)
        ? onField(entry, 'ssade', 'needs ECAP.SSADS and ECAP.SMPWCS', { depends: 'ecap' })
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-073',
    row: 'PE-16',
    title: 'domain id 0 is not used in caching mode',
    severity: 'error',
    evidence: 'VT-d 6.2.3.1',
    consequence: 'the id tags cached faults: invalidating the domain does not work as intended',
    test: (entry) =>
      entry.value.did === 0 && (entry.caps.cap.cm === 1 || !entry.caps.given.cap)
        ? onField(entry, 'did', 'is reserved where CAP.CM is set', { depends: 'cap' })
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-078',
    row: 'PE-21',
    title: 'pointers that the translation type does not use are 0',
    evidence: 'drivers/iommu/intel/pasid.c pasid_clear_entry',
    consequence:
      'hardware does not follow them. Linux clears an entry before it sets one up, so with pass-through a table pointer shows that the type was changed: the device reaches all memory',
    test: (entry) => {
      const { ssptptr, fsptptr, pgtt } = entry.value;
      if (!TYPES.has(pgtt as 1 | 2 | 3 | 4)) return undefined;
      const severity = pgtt === passThrough ? 'error' : 'note';
      if (!usesSecond(entry.value) && ssptptr !== 0n)
        return onField(entry, 'ssptptr', 'is not used by this translation type', { expected: '0', severity });
      if (!usesFirst(entry.value) && fsptptr !== 0n)
        return onField(entry, 'fsptptr', 'is not used by this translation type', { expected: '0', severity });
      return undefined;
    },
  },
  {
    ...ODD,
    id: 'VTD-080',
    row: 'PE-23',
    title: 'WPE is set only together with SRE',
    evidence: 'drivers/iommu/intel/pasid.c pasid_pte_config_nested',
    consequence: 'none: without SRE no supervisor request gets that far',
    test: (entry) =>
      entry.value.wpe === 1 && entry.value.sre === 0
        ? onField(entry, 'wpe', 'is set while SRE is 0')
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-081',
    row: 'PE-24',
    title: 'a first stage forces snooping only where ECAP.SC is set',
    scalable: SPT3,
    test: (entry) =>
      entry.value.pgtt === firstStage && entry.value.pgsnp === 1 && entry.caps.ecap.sc === 0
        ? onField(entry, 'pgsnp', 'needs ECAP.SC', { depends: 'ecap' })
        : undefined,
  },
  {
    ...PART,
    id: 'VTD-149',
    row: '1.7 SSPTPTR 0',
    title: 'the second-stage table of a PASID entry that uses one is not at address 0',
    evidence: 'drivers/iommu/intel/pasid.c intel_pasid_setup_second_level',
    consequence: PAGE_0,
    test: (entry) => (usesSecond(entry.value) ? nullPointer(entry, 'ssptptr', 'page table') : undefined),
  },
  {
    ...PART,
    id: 'VTD-150',
    row: '1.7 FSPTPTR 0',
    title: 'the first-stage table of a PASID entry that uses one is not at address 0',
    evidence: 'drivers/iommu/intel/pasid.c intel_pasid_setup_first_level',
    consequence: PAGE_0,
    test: (entry) => {
      const hit = usesFirst(entry.value) ? nullPointer(entry, 'fsptptr', 'page table') : undefined;
      // The first stage of a nested translation is the guest's, at an address of the guest.
      return hit !== undefined && entry.value.pgtt === nested ? { ...hit, severity: 'warning' } : hit;
    },
  },
  {
    ...ODD,
    id: 'VTD-142',
    row: '2.6 FPD of PASID entries',
    title: 'faults of a PASID in use are recorded',
    severity: 'warning',
    evidence: 'VT-d 9.6; drivers/iommu/intel/pasid.c (sets it only in entries that it takes away)',
    consequence: 'hardware records none of the maskable faults: blocked requests go unnoticed',
    test: (entry) =>
      entry.value.fpd === 1 ? onField(entry, 'fpd', 'masks the faults of the PASID') : undefined,
  },
];

/** Rows on entries that are not present, and on several entries. */
export const pasidTableRows: readonly Row[] = [
  {
    id: 'VTD-058',
    row: 'PE-1',
    title: 'the PASID entry of the device asked for is present',
    severity: 'warning',
    scope: 'pasid-entry',
    evidence: 'VT-d 9.6, Table 30',
    consequence: FAULTS,
    scalable: [0x59, 'SPT.2'],
    onAccess: true,
  },
  {
    id: 'VTD-070',
    row: 'PE-13',
    title: 'top tables of PASID entries are in the dump',
    severity: 'note',
    scope: 'pasid-entry',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, requests fault with 0x73 (SFS.4) or 0x7b (SSS.4)',
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-074',
    row: 'PE-17',
    title: 'entries with and without a second stage share no domain id',
    severity: 'error',
    evidence: 'VT-d 6.2.3.1',
    consequence: TAGS,
  },
  {
    ...ODD,
    id: 'VTD-075',
    row: 'PE-18',
    title: 'entries with one domain id have one second stage and one address width',
    severity: 'error',
    evidence: 'VT-d 6.2.3.1',
    consequence: TAGS,
  },
  {
    ...ODD,
    id: 'VTD-076',
    row: 'PE-19',
    title: 'entries with one second stage have one SSADE',
    severity: 'warning',
    evidence: 'VT-d 6.2.3.1',
    consequence: 'dirty pages are tracked for some devices of the domain only',
  },
  {
    ...ODD,
    id: 'VTD-077',
    row: 'PE-20',
    title: 'entries with the same tables have the same FSPM and EAFE',
    severity: 'error',
    evidence: 'VT-d 6.2.3.1',
    consequence: TAGS,
  },
  {
    ...ODD,
    id: 'VTD-140',
    row: '2.3 first stages',
    title: 'entries with one domain id and one PASID have one first stage',
    severity: 'error',
    evidence:
      'VT-d 6.2.3.1; drivers/iommu/intel/iommu.c domain_attach_iommu (an id for each domain), drivers/iommu/iommu-sva.c (a PASID for each process)',
    consequence: TAGS,
  },
  {
    ...ODD,
    id: 'VTD-079',
    row: 'PE-22',
    title: 'a PASID entry that is not present has no bits but FPD',
    severity: 'error',
    evidence: 'drivers/iommu/intel/pasid.c intel_pasid_tear_down_entry',
    consequence:
      'every request faults: the kernel clears P, flushes the caches and clears the rest in one go, so that only a dump of that moment has such an entry on a healthy machine',
  },
];
