/** Rows FS: first-stage entries. */
import { FS_PDE_LEAF_BITS, FS_PDE_TABLE_BITS, FS_PTE_BITS } from '../../../records/vtd.js';
import { isForeign, type Target } from '../target.js';
import { type BitTest, hasBits, type WalkRow, withoutUser } from '../walk-row.js';

const ENTRY = {
  severity: 'error',
  scope: 'first-stage',
  evidence: 'VT-d 3.6, Tables 34 to 40',
  consequence: 'every request through the entry faults',
  scalable: [0x72, 'SFS.3'],
} as const;
const ODD = { severity: 'note', scope: 'first-stage' } as const;
/** The guest's tables are its own, but that it may read them is the host's. */
const NESTED = {
  severity: 'warning',
  scope: 'first-stage',
  evidence: 'VT-d Table 30; drivers/iommu/intel/nested.c',
  onAccess: true,
} as const;
const IGNORED = 'none: hardware does not look at these bits';
const GENERIC = 'drivers/iommu/generic_pt/fmt/x86_64.h';

const LEAF = FS_PTE_BITS;
const TABLE = FS_PDE_TABLE_BITS;
/** Bits of an entry that are not its address. */
const LOW = 0xfff;
const READ_ONLY = LEAF.p.lo | LEAF.us.lo | LEAF.a.lo;
const WRITABLE = READ_ONLY | LEAF.rw.lo | LEAF.d.lo;
const LINUX_LEAVES: readonly number[] = [
  READ_ONLY,
  WRITABLE,
  READ_ONLY | FS_PDE_LEAF_BITS.ps.lo,
  WRITABLE | FS_PDE_LEAF_BITS.ps.lo,
];
const LINUX_TABLE = TABLE.p.lo | TABLE.rw.lo | TABLE.us.lo | TABLE.a.lo;
const LINUX_TABLES: readonly number[] = [LINUX_TABLE, LINUX_TABLE | TABLE.ignored9.lo];

/** Entries that are the kernel's own have one of these. */
function lowBits({ kernelDomain, nested }: Target, written: readonly number[]): BitTest | undefined {
  if (!kernelDomain || nested) return undefined;
  return { what: 'has other low bits than Linux writes', test: ({ lo }) => !written.includes(lo & LOW) };
}

export const firstStageRows: readonly WalkRow[] = [
  {
    ...ODD,
    id: 'VTD-114',
    row: 'FS-1',
    title: 'a first-stage table maps something',
    evidence: 'VT-d 3.6',
    consequence: 'every request faults',
    scalable: [0x71, 'SFS.2'],
    onAccess: true,
  },
  { ...ENTRY, id: 'VTD-115', row: 'FS-2', title: 'addresses are below the host address width' },
  { ...ENTRY, id: 'VTD-116', row: 'FS-3', title: 'bit 7 is 0 in PML4E and PML5E' },
  {
    ...ENTRY,
    id: 'VTD-117',
    row: 'FS-4',
    title: 'leaves of 1 GiB are used only where CAP.FS1GP is set',
    leaf: ({ caps }) =>
      caps.given.cap
        ? undefined
        : { what: 'maps 1 GiB, which needs CAP.FS1GP', depends: 'cap', test: ({ level }) => level === 3 },
  },
  { ...ENTRY, id: 'VTD-118', row: 'FS-5', title: 'bits 29:13 of a leaf of 1 GiB are 0' },
  { ...ENTRY, id: 'VTD-119', row: 'FS-6', title: 'bits 20:13 of a leaf of 2 MiB are 0' },
  {
    id: 'VTD-120',
    row: 'FS-7',
    title: "entries of the kernel's DMA tables allow user requests",
    severity: 'error',
    scope: 'first-stage',
    evidence: `VT-d 3.6.1; ${GENERIC} x86_64_pt_iommu_set_prot (sets U/S in every entry)`,
    consequence:
      'requests without PASID are user requests, and so are those with one unless the device asks for privilege: they fault. Tables shared with a CPU have such entries: a note there',
    scalable: [0x81, 'SGN.2'],
    onAccess: true,
    leaf: (target) => withoutUser(target, LEAF.us.lo),
    pointer: (target) => withoutUser(target, TABLE.us.lo),
  },
  {
    ...ODD,
    id: 'VTD-121',
    row: 'FS-8',
    title: 'entries that point to tables allow writing',
    severity: 'error',
    evidence: 'VT-d 3.6.1',
    consequence:
      'write requests through the entry fault, whatever the bits of the leaves. Tables of a process or a guest may have such entries: a note there',
    scalable: [0x85, 'SGN.6'],
    onAccess: true,
    pointer: (target) => ({
      what: 'takes write permission away',
      more: isForeign(target) ? { severity: 'note' } : {},
      test: ({ lo }) => (lo & TABLE.rw.lo) === 0,
    }),
  },
  {
    ...ODD,
    id: 'VTD-123',
    row: 'FS-10',
    title: 'page tables are in the dump',
    evidence: 'VT-d Table 30',
    consequence: 'where there is no memory at the address, requests below the entry fault',
    scalable: [0x70, 'SFS.1'],
    onAccess: true,
  },
  {
    ...ENTRY,
    id: 'VTD-124',
    row: 'FS-11',
    title: 'addresses of a nested first stage are below the input width of the second',
    evidence: 'VT-d Table 30',
    scalable: [0x74, 'SFS.5'],
    pointer: ({ addressBits }) => {
      if (addressBits === undefined) return undefined;
      const end = 2 ** (addressBits - 12);
      return {
        what: `has an address beyond ${addressBits} bits`,
        test: ({ lo, hi }) => (hi & TABLE.address.hi) * 0x100000 + (lo >>> 12) >= end,
      };
    },
  },
  {
    id: 'VTD-125',
    row: 'FS-12',
    title: 'accessed and dirty bits are set where walks are not snooped',
    severity: 'warning',
    scope: 'first-stage',
    evidence: `VT-d Table 30; ${GENERIC} (both are set from the start)`,
    consequence: 'hardware must set the bit but is not allowed to: the request faults',
    scalable: [0x90, 'SFS.9'],
    onAccess: true,
    leaf: ({ walksSnooped }) =>
      walksSnooped === false
        ? {
            what: 'lacks its accessed or dirty bit, and walks are not snooped',
            test: ({ lo }) => (lo & LEAF.a.lo) === 0 || ((lo & LEAF.rw.lo) !== 0 && (lo & LEAF.d.lo) === 0),
          }
        : undefined,
    pointer: ({ walksSnooped }) =>
      walksSnooped === false
        ? { what: 'is not accessed, and walks are not snooped', test: ({ lo }) => (lo & TABLE.a.lo) === 0 }
        : undefined,
  },
  {
    id: 'VTD-126',
    row: 'FS-13',
    title: 'no leaf maps to the interrupt range 0xfee00000-0xfeefffff',
    severity: 'warning',
    scope: 'first-stage',
    evidence: 'VT-d 3.14, Table 30',
    consequence: 'requests to these pages fault: a device cannot write interrupts through a mapping',
    scalable: [0x87, 'SGN.8'],
    onAccess: true,
  },
  {
    ...ODD,
    id: 'VTD-127',
    row: 'FS-14',
    title: 'bit 63 (XD) is 0',
    evidence: 'VT-d Tables 34 to 40',
    consequence: 'none in revision 5; kernels 5.x and early 6.x set it',
    leaf: () => hasBits('has bit 63', LEAF.xd),
    pointer: () => hasBits('has bit 63', TABLE.xd),
  },
  {
    ...ODD,
    id: 'VTD-128',
    row: 'FS-15',
    title: 'an entry that is not present has bit 1 clear',
    severity: 'error',
    evidence: 'drivers/iommu/intel/debugfs.c (takes it for present)',
    consequence:
      "absent to hardware, present to the kernel's listing; the kernel writes 0 when it unmaps, so P was lost. Tables shared with a CPU have such entries (swapped pages): a note there",
  },
  {
    ...ODD,
    id: 'VTD-129',
    row: 'FS-16',
    title: 'kernel DMA addresses are in the lower half',
    evidence: 'VT-d 3.6',
    consequence: 'none if the requests are canonical; normal for tables shared with a CPU',
  },
  {
    ...ODD,
    id: 'VTD-130',
    row: 'FS-17',
    title: 'bits 62:52 are 0',
    evidence: GENERIC,
    consequence: 'none: tables shared with a CPU keep protection keys there',
    leaf: () => hasBits('has bits 62:52', LEAF.ignored52),
    pointer: () => hasBits('has bits 62:52', TABLE.ignored52),
  },
  {
    ...ODD,
    id: 'VTD-131',
    row: 'FS-18',
    title: 'extended accessed bits are 0 where they are not in use',
    evidence: 'VT-d 9.7',
    consequence: IGNORED,
    leaf: ({ settings }) => (settings.eafe ? undefined : hasBits('has EA, though EAFE is 0', LEAF.ea)),
    pointer: ({ settings }) => (settings.eafe ? undefined : hasBits('has EA, though EAFE is 0', TABLE.ea)),
  },
  {
    ...ODD,
    id: 'VTD-132',
    row: 'FS-19',
    title: 'entries of kernel DMA domains have the low bits that Linux writes',
    evidence: `${GENERIC} x86_64_pt_install_table, x86_64_pt_install_leaf_entry`,
    consequence: 'none in itself: a system other than Linux wrote the entry, or it is damaged',
    leaf: (target) => lowBits(target, LINUX_LEAVES),
    pointer: (target) => lowBits(target, LINUX_TABLES),
  },
  {
    id: 'VTD-151',
    row: '1.9 table at 0',
    title: 'no first-stage entry points to a table at address 0',
    severity: 'error',
    scope: 'first-stage',
    evidence: `${GENERIC} x86_64_pt_install_table`,
    consequence: 'hardware reads physical page 0 as a page table',
  },
  {
    id: 'VTD-157',
    row: '1.9 P clear',
    title: "a first-stage entry of the kernel's DMA tables without P is 0",
    severity: 'error',
    scope: 'first-stage',
    evidence: `${GENERIC} x86_64_pt_load_entry_raw`,
    consequence:
      'absent to hardware and to the kernel, which writes 0 when it unmaps: half of an entry is missing, or P was lost',
  },
  {
    id: 'VTD-159',
    row: '3.14 first stage',
    title: 'no input address of requests without PASID is in the interrupt range 0xfee00000-0xfeefffff',
    severity: 'warning',
    scope: 'first-stage',
    evidence: 'VT-d 3.14; drivers/iommu/intel/iommu.c intel_iommu_get_resv_regions',
    consequence:
      'the kernel refuses the mapping; requests without PASID to it are interrupts, not translated',
  },
  {
    ...NESTED,
    id: 'VTD-143',
    row: '2.6 SFS.6',
    title: 'the second stage maps the top table of a nested first stage',
    consequence: 'every request with the PASID faults',
    scalable: [0x75, 'SFS.6'],
  },
  {
    ...NESTED,
    id: 'VTD-144',
    row: '2.6 SFS.7',
    title: 'the second stage maps the tables of a nested first stage',
    consequence: 'every request through the entry faults',
    scalable: [0x76, 'SFS.7'],
  },
];
