/** Rows of the specifications that are not rules of their own, all areas together. */

import { notBuilt as vtd } from '../vtd/rules/not-built.js';
import { notBuilt as upstream } from './upstream/not-built.js';

export const gaps: readonly { readonly source: string; readonly reason: string }[] = [
  { source: 'rfc-2024 S1', reason: 'the same as I19 (DMAR-019)' },
  {
    source: 'rfc-2024 S14',
    reason: 'covered by KHO-008, KHO-011, KHO-016, DMAR-009 and DMAR-010 together',
  },
  {
    source: 'rfc-2024 S5, iommu-prot CACHE against SNP of leaves',
    reason:
      'SNP is set where the domain forces snooping (set_pte_snp), whatever iommu-prot is, and a blob does not show whether it does; real blobs lack CACHE though the ioctl sets it. That the leaves of an area agree is MAP-017, of a domain VTD-109',
  },
  ...upstream.map(({ source, reason }) => ({ source, reason })),
  ...vtd.map(({ row, reason }) => ({ source: `vtd ${row}`, reason })),
];
