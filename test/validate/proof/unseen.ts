/** Rules that no fault shows in a generation, and why. */

/** Applies, but was not seen to fail in this generation; with the reason. */
export const UNSEEN: Record<string, string> = {
  'FDT-010 rfc-2024': 'refused from Linux 7.1 on: a warning here',
  'FDT-010 kho-v1': 'refused from Linux 7.1 on: a warning here',
  'KHO-126 kho-v1': 'the addresses of the case are those of another dump',
  'KHO-126 kho-v2': 'the addresses of the case are those of another dump',
  'KHO-127 kho-v1': 'the addresses of the case are those of another dump',
  'KHO-127 kho-v2': 'the addresses of the case are those of another dump',
  'LUO-005 kho-v4': 'luo-v5 has blocks; luo-v1 to luo-v3 under kho-v4 never reached a release',
  'LUO-019 kho-v4': 'luo-v5 has blocks; arrays of files under kho-v4 never reached a release',
  'LUO-007 kho-v1': '6.19 to 7.1 let such a session be created: a note',
  'LUO-007 kho-v2': '6.19 to 7.1 let such a session be created: a note',
  'LUO-007 kho-v3': '6.19 to 7.1 let such a session be created: a note',
  'MEMFD-020 kho-v1': '6.19 and 7.0 leave flags out: a warning',
  'VTD-134 kho-v1': 'only the 2024 series hands domains over',
  'VTD-134 kho-v2': 'only the 2024 series hands domains over',
  'VTD-134 kho-v3': 'only the 2024 series hands domains over',
  'VTD-134 kho-v4': 'only the 2024 series hands domains over',
};

/** Rules on drafts, and the generations whose forms lack what they look at: synthesised ones are of one form each. */
const NOT_IN_FORM: Readonly<Record<string, string>> = {
  'IOMMU-001': 'v1 v2 v3',
  'IOMMU-010': 'v3',
  'IOMMU-013': 'v1 v2',
  'IOMMU-015': 'v3',
  'IOMMU-022': 'v1 v2',
  'IOMMU-027': 'v1 v2',
  'IOMMU-028': 'v1 v2',
  'IOMMU-032': 'v1 v2',
  'IOMMU-033': 'v1 v2',
  'IOMMU-034': 'v1 v2 v3',
  'IOMMU-035': 'v1 v2 v3',
  'IOMMU-055': 'v1 v2',
  'IOMMU-057': 'v1',
  'IOMMU-058': 'v1 v2',
  'IOMMU-060': 'v1 v2',
  'IOMMUFD-107': 'v1 v2',
  'IOMMUFD-109': 'v1 v2 v3',
  'IOMMUFD-110': 'v1 v2 v3',
  'IOMMUFD-111': 'v1 v2',
  'PCI-001': 'v1 v2 v3',
  'PCI-003': 'v1 v2 v3',
  'PCI-005': 'v1 v2',
  'PCI-006': 'v3',
  'PCI-007': 'v1 v2',
  'PCI-009': 'v1 v2 v3',
  'PCI-011': 'v1 v2',
  'VFIO-002': 'v3',
  'VFIO-008': 'v3',
};
/** Rules on drafts whose cases do not fit the synthesised dumps of these generations. */
const NOT_REPEATED: Readonly<Record<string, string>> = {
  'IOMMU-007': 'v1',
  'IOMMU-051': 'v1 v2',
  'IOMMU-054': 'v1 v2 v3',
  'IOMMUFD-102': 'v1 v2',
  'PCI-004': 'v2',
  'PCI-006': 'v1 v2',
  'PCI-010': 'v3',
};
for (const [cells, why] of [
  [NOT_IN_FORM, 'the form of the generation has no such field'],
  [NOT_REPEATED, 'the case is made for another form'],
] as const)
  for (const [id, generations] of Object.entries(cells))
    for (const name of generations.split(' ')) UNSEEN[`${id} kho-${name}`] = why;
