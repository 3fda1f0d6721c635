/** Rows on where pointers lead, the same for every structure, and on pages that entries lead to. */
import type { Row } from '../row.js';

const POINTER = { severity: 'error', scope: 'root-entry' } as const;

export const pointerRows: readonly Row[] = [
  {
    ...POINTER,
    id: 'VTD-152',
    row: 'tables in RAM',
    title: 'every table is in RAM, above the first MiB',
    evidence:
      'arch/x86/realmode/init.c reserve_real_mode; drivers/iommu/iommu-pages.c iommu_alloc_pages_node_sz',
    consequence:
      'no kernel has a table there: half of the pointer is missing or changed, and everything below it is lost',
  },
  {
    ...POINTER,
    id: 'VTD-153',
    row: 'tables are tables',
    title: 'the page that an entry points to is a table of the expected kind',
    evidence: 'VT-d 9.3 to 9.6',
    consequence: 'the pointer leads elsewhere: other data is taken for entries',
  },
  {
    id: 'VTD-154',
    row: 'tables in use',
    title: 'context tables and PASID directories that entries lead to have a present entry',
    severity: 'note',
    scope: 'root-entry',
    evidence:
      'drivers/iommu/intel/iommu.c iommu_context_addr, pasid.c intel_pasid_get_entry (both allocate with the first entry and free with the unit)',
    consequence:
      'no device or PASID is served. Healthy kernels leave such pages when the last device of a bus is gone; otherwise the pointer leads to a page that is not a table',
  },
  {
    id: 'VTD-155',
    row: '1.5 P clear',
    title: 'a scalable context entry that is not present is 0',
    severity: 'error',
    scope: 'scalable-context-entry',
    evidence: 'drivers/iommu/intel/pasid.c device_pasid_table_teardown',
    consequence:
      'every request faults: the kernel clears P, flushes the caches and clears the rest in one go, so that only a dump of that moment has such an entry on a healthy machine',
  },
  {
    id: 'VTD-156',
    row: '1.6 P clear',
    title: 'a PASID directory entry that is not present is 0',
    severity: 'error',
    scope: 'pasid-directory-entry',
    evidence:
      'drivers/iommu/intel/pasid.c intel_pasid_get_entry (sets the entry in one go, and never clears it)',
    consequence: '64 PASIDs are lost: P was cleared, or half of the pointer is missing',
  },
  {
    id: 'VTD-158',
    row: 'depth',
    title: 'a table has as many levels as its entry or domain gives',
    severity: 'error',
    scope: 'table',
    evidence: 'VT-d 9.3, 9.6 (AW, FSPM); drivers/iommu/generic_pt/fmt/vtdss.h vtdss_pt_iommu_fmt_hw_info',
    consequence:
      'hardware takes page tables for pages, or pages for page tables: DMA goes into the tables, or wherever the data points',
  },
];
