/** Rows SS: second-stage entries. Some hold for tables of both stages. */
import { MemoryType, SS_PDE_TABLE_BITS, SS_PTE_BITS } from '../../../records/vtd.js';
import { ACCESS_READ, ACCESS_WRITE } from '../../walk/batch.js';
import type { Target } from '../target.js';
import { type BitTest, hasBits, type WalkRow } from '../walk-row.js';

const FAULTS = 'every request through the entry faults';
const ENTRY = {
  severity: 'error',
  scope: 'second-stage',
  evidence: 'VT-d 3.7, Tables 41 to 47',
  consequence: FAULTS,
  legacy: [0xc, 'LSS.2'],
  scalable: [0x7a, 'SSS.3'],
} as const;
const ODD = { severity: 'note', scope: 'second-stage' } as const;
const INSTALL = 'drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_install_table';
const IGNORED = 'none: hardware does not look at these bits';

const LEAF = SS_PTE_BITS;
const TABLE = SS_PDE_TABLE_BITS;
const MEMORY_TYPES: readonly number[] = Object.values(MemoryType);

/** Whether leaves have memory types. */
function isTyped({ settings, caps }: Target): boolean {
  return settings.mode === 'scalable' && settings.emte && caps.given.ecap && caps.ecap.mts === 1;
}

/** Bits 63 and 61:52, and bit 62 where it is not the kernel's. */
function softwareBits({ settings }: Target): BitTest {
  const hi = LEAF.ignored52.hi | LEAF.ignored63.hi | (settings.ssirwe ? 0 : LEAF.ir.hi);
  return hasBits('has bits that no kernel writes', { hi });
}

/** Leaves of a size that CAP.SSLPS must have a bit for; with CAP known the walk itself tells (`anomalies`). */
function largeLeaf({ caps }: Target, level: number, what: string): BitTest | undefined {
  return caps.given.cap ? undefined : { what, depends: 'cap', test: (leaf) => leaf.level === level };
}

export const secondStageRows: readonly WalkRow[] = [
  {
    id: 'VTD-082',
    row: 'SS-1',
    title: 'a table maps something, and its leaves have a permission left over the path',
    severity: 'warning',
    scope: 'second-stage',
    evidence: 'VT-d 3.7',
    consequence: 'requests to the addresses fault',
    legacy: [0x6, 'LGN.3'],
    scalable: [0x79, 'SSS.2'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-083',
    row: 'SS-2',
    title: 'an entry without permissions is 0',
    severity: 'error',
    evidence: 'drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_load_entry_raw; iommu.h dma_pte_present',
    consequence:
      'requests fault: absent to hardware, but populated to the kernel, which writes 0 when it unmaps and maps nothing without a permission',
  },
  { ...ENTRY, id: 'VTD-084', row: 'SS-3', title: 'addresses are below the host address width' },
  { ...ENTRY, id: 'VTD-085', row: 'SS-4', title: 'bit 62 is 0 unless SSIRWE is on' },
  { ...ENTRY, id: 'VTD-086', row: 'SS-5', title: 'bit 11 (SNP) is 0 in entries that point to a table' },
  {
    ...ENTRY,
    id: 'VTD-087',
    row: 'SS-6',
    title: 'bit 11 (SNP) of a leaf is set only where ECAP.SC is set',
    evidence: 'VT-d 3.7; drivers/iommu/intel/iommu.c paging_domain_compatible_second_stage',
    leaf: ({ caps }) =>
      caps.given.ecap ? undefined : hasBits('has SNP, which needs ECAP.SC', LEAF.snp, { depends: 'ecap' }),
  },
  { ...ENTRY, id: 'VTD-088', row: 'SS-7', title: 'bit 7 is 0 in PML4E and PML5E' },
  {
    ...ENTRY,
    id: 'VTD-089',
    row: 'SS-8',
    title: 'leaves of 2 MiB are used only where CAP.SSLPS allows them',
    leaf: (target) => largeLeaf(target, 2, 'maps 2 MiB, which needs bit 0 of CAP.SSLPS'),
  },
  {
    ...ENTRY,
    id: 'VTD-090',
    row: 'SS-9',
    title: 'leaves of 1 GiB are used only where CAP.SSLPS allows them',
    leaf: (target) => largeLeaf(target, 3, 'maps 1 GiB, which needs bit 1 of CAP.SSLPS'),
  },
  { ...ENTRY, id: 'VTD-091', row: 'SS-10', title: 'bits 20:12 of a leaf of 2 MiB are 0' },
  { ...ENTRY, id: 'VTD-092', row: 'SS-11', title: 'bits 29:12 of a leaf of 1 GiB are 0' },
  {
    ...ODD,
    id: 'VTD-093',
    row: 'SS-12',
    title: 'memory types of leaves are defined where they are in use',
    severity: 'warning',
    evidence: 'VT-d Tables 43, 45, 47',
    consequence: 'the effect of the type is not defined',
    leaf: (target) =>
      isTyped(target)
        ? {
            what: 'has an undefined memory type',
            test: ({ lo }) => !MEMORY_TYPES.includes((lo & LEAF.emt.lo) >>> LEAF.emt.shift),
          }
        : undefined,
  },
  {
    ...ODD,
    id: 'VTD-094',
    row: 'SS-13',
    title: 'page tables are in the dump',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, requests below the entry fault',
    legacy: [0x7, 'LSS.1'],
    scalable: [0x78, 'SSS.1'],
    onAccess: true,
  },
  {
    id: 'VTD-095',
    row: 'SS-14',
    title: 'no leaf maps to the interrupt range 0xfee00000-0xfeefffff',
    severity: 'warning',
    scope: 'second-stage',
    evidence: 'VT-d 3.14, Table 30',
    consequence: 'requests to these pages fault: a device cannot write interrupts through a mapping',
    legacy: [0xe, 'LGN.4'],
    scalable: [0x87, 'SGN.8'],
    onAccess: true,
  },
  {
    id: 'VTD-096',
    row: 'SS-15',
    title: 'no entry maps addresses beyond the usable width',
    severity: 'warning',
    scope: 'second-stage',
    evidence: 'VT-d 3.7, Table 30',
    consequence: 'the mapping is dead: requests to these addresses fault',
    legacy: [0x4, 'LGN.1.1'],
    scalable: [0x84, 'SGN.5'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-098',
    row: 'SS-17',
    title: 'entries that point to tables allow reading and writing',
    severity: 'error',
    evidence: INSTALL,
    consequence: 'the leaves below lose the permission, whatever their own bits are',
  },
  {
    ...ODD,
    id: 'VTD-099',
    row: 'SS-18',
    title: 'bits 63 and 61:52 are 0',
    severity: 'warning',
    evidence: 'drivers/iommu/intel/iommu.h dma_pte_addr',
    consequence: "hardware ignores them, but the kernel's older helpers take them for address bits",
    leaf: softwareBits,
    pointer: softwareBits,
  },
  {
    ...ODD,
    id: 'VTD-100',
    row: 'SS-19',
    title: 'accessed and dirty bits are 0 where they are not in use',
    evidence: 'VT-d 3.7.2',
    consequence: IGNORED,
    leaf: ({ settings }) =>
      settings.ssade ? undefined : hasBits('is accessed or dirty', { lo: LEAF.a.lo | LEAF.d.lo }),
    pointer: ({ settings }) => (settings.ssade ? undefined : hasBits('is accessed', TABLE.a)),
  },
  {
    ...ODD,
    id: 'VTD-101',
    row: 'SS-20',
    title: 'a dirty leaf is accessed too',
    evidence: 'VT-d 3.7.2',
    consequence: 'hardware sets both: something else changed the entry',
    leaf: ({ settings }) =>
      settings.ssade
        ? {
            what: 'is dirty but not accessed',
            test: ({ lo }) => (lo & (LEAF.a.lo | LEAF.d.lo)) === LEAF.d.lo,
          }
        : undefined,
  },
  {
    id: 'VTD-102',
    row: 'SS-21',
    title: 'no table is below itself',
    severity: 'error',
    scope: 'table',
    evidence: 'drivers/iommu/generic_pt/pt_iter.h (a walk ends with the levels)',
    consequence: 'table entries serve as leaves: the device can reach, and may write, its own page tables',
  },
  {
    id: 'VTD-103',
    row: 'SS-22',
    title: 'every page table is reached once',
    severity: 'error',
    scope: 'table',
    evidence: 'drivers/iommu/generic_pt/iommu_pt.h pt_iommu_new_table (one for each slot)',
    consequence: 'changing one mapping changes the other; freeing one leaves the other dangling',
  },
  {
    id: 'VTD-104',
    row: 'SS-23',
    title: 'no leaf maps a page of the VT-d structures',
    severity: 'error',
    scope: 'table',
    evidence: 'vtd.md 3',
    consequence:
      'isolation is broken: a device can read, and with write permission change, translations. Domains that map all memory at its own address do so: a note there',
  },
  {
    ...ODD,
    id: 'VTD-106',
    row: 'SS-25',
    title: 'bits 6:2 are 0',
    evidence: 'drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_attr_from_entry',
    consequence: 'none where memory types are not in use; tables shared with EPT have them',
    leaf: (target) =>
      hasBits('has bits 6:2', { lo: LEAF.x.lo | (isTyped(target) ? 0 : LEAF.emt.lo | LEAF.ipat.lo) }),
    pointer: () => hasBits('has bits 6:2', { lo: TABLE.x.lo | TABLE.ignored3.lo }),
  },
  {
    ...ODD,
    id: 'VTD-107',
    row: 'SS-26',
    title: 'software bit 10 is set only in tables, and only where walks are not coherent',
    evidence: 'drivers/iommu/generic_pt/iommu_pt.h pt_iommu_new_table',
    consequence: IGNORED,
    leaf: () => hasBits('has bit 10', LEAF.ignored10),
    pointer: ({ coherent }) =>
      coherent === true ? hasBits('has bit 10, though walks are coherent', TABLE.ignored10) : undefined,
  },
  {
    id: 'VTD-108',
    row: 'SS-27',
    title: 'a table below the top has a present entry',
    severity: 'note',
    scope: 'table',
    evidence: 'drivers/iommu/generic_pt/iommu_pt.h (unmapping frees tables or leaves them empty)',
    consequence: 'a page is wasted',
  },
  {
    ...ODD,
    id: 'VTD-109',
    row: 'SS-28',
    title: 'all leaves of a table agree on SNP',
    evidence: 'drivers/iommu/intel/iommu.c intel_iommu_enforce_cache_coherency_ss',
    consequence: 'some requests snoop the caches and some do not',
  },
  {
    ...ODD,
    id: 'VTD-110',
    row: 'SS-29',
    title: 'the second stage of a nested translation has no read-only leaf',
    severity: 'warning',
    evidence: 'drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_iommu_set_prot (erratum 772415)',
    consequence: 'the kernel refuses such a mapping; parts with the erratum write through it',
    leaf: ({ nestingParent }) =>
      nestingParent ? { what: 'is read-only', test: ({ access }) => access === ACCESS_READ } : undefined,
  },
  {
    ...ODD,
    id: 'VTD-111',
    row: 'SS-30',
    title: 'leaves can be read',
    evidence: 'drivers/iommu/intel/iommu.c __domain_mapping (5.x and 6.x force bit 0)',
    consequence: 'none for 7.3; older kernels cannot have written the entry',
    leaf: () => ({ what: 'can be written but not read', test: ({ access }) => access === ACCESS_WRITE }),
  },
  {
    ...ODD,
    id: 'VTD-112',
    row: 'SS-31',
    title: 'no input address is in the interrupt range 0xfee00000-0xfeefffff',
    severity: 'warning',
    evidence: 'drivers/iommu/intel/iommu.c intel_iommu_get_resv_regions',
    consequence:
      'the kernel refuses the mapping; requests without PASID to it are interrupts, not translated',
  },
  {
    ...ODD,
    id: 'VTD-113',
    row: 'SS-32',
    title: 'no entry points to a table at address 0',
    severity: 'error',
    evidence: INSTALL,
    consequence: 'hardware reads physical page 0 as a page table',
  },
];
