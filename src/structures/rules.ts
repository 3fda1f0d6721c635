/**
 * Rules in the order in which they are run and told, each after its prerequisites. Those of a folder that is not here
 * are found by the build (tools/found.js), and come last.
 */
import type { Rule } from '../validate/rule.js';
import { blockRules } from './blocks/rules.js';
import { mappingRules } from './dma-map/rules.js';
import { ftraceRules } from './ftrace/rules.js';
import { guestMemfdRules } from './guest-memfd/rules.js';
import { guestmemfsRules } from './guestmemfs/rules.js';
import { hugetlbRules } from './hugetlb/rules.js';
import { domainRules } from './intel-iommu/rules.js';
import { iommuRules } from './iommu/rules.js';
import { iommuTableRules } from './iommu/rules-tables.js';
import { iommufdRules } from './iommufd/rules.js';
import { iommufdRules2024 } from './iommufd/rules-2024.js';
import { metadataRules } from './kexec-metadata/rules.js';
import { khoTestRules } from './kho-test/rules.js';
import { kvmRules } from './kvm/rules.js';
import { luoRules } from './luo/rules.js';
import { mapRules, pageRules } from './map/rules.js';
import { memblockRules } from './memblock/rules.js';
import { memfdRules } from './memfd/rules.js';
import { pciFileRules, pciRecordRules } from './pci/rules.js';
import { pstoreVersion } from './pstore/rules.js';
import { khoRules } from './rfc-2024/rules.js';
import { rootRules, takeoverRules } from './root/rules.js';
import { foundRules } from './rules-found.js';
import { scratchRules } from './scratch/rules.js';
import { vfioRules } from './vfio/rules.js';
import { vmallocRules } from './vmalloc/rules.js';

/** The 2024 series, and what leads to the tree of any. */
export const rfcRules: readonly Rule[] = [
  ...khoRules,
  ...iommufdRules2024,
  ...domainRules,
  ...guestmemfsRules,
  ...ftraceRules,
  ...mappingRules,
];

/** What releases of Linux 6.16 and later hand over. */
export const upstreamRules: readonly Rule[] = [
  ...rootRules,
  ...scratchRules,
  ...mapRules,
  ...vmallocRules,
  ...blockRules,
  ...metadataRules,
  ...memblockRules,
  ...khoTestRules,
  ...luoRules,
  ...memfdRules,
  ...pageRules,
  ...takeoverRules,
];

/** Drafts. Rules on VFIO files ask for those on iommufds, and rules on the PCI state for those on VFIO files. */
export const draftRules: readonly Rule[] = [
  ...iommuRules,
  ...iommufdRules,
  ...pciRecordRules,
  ...vfioRules,
  ...pciFileRules,
  ...hugetlbRules,
  ...guestMemfdRules,
  ...kvmRules,
  pstoreVersion,
  ...iommuTableRules,
  ...afterRequired(foundRules),
];

/** Rules each after those of them that it asks for, else in their order. */
function afterRequired(rules: readonly Rule[]): ReadonlySet<Rule> {
  const placed = new Set<Rule>();
  const met = new Set<Rule>();
  const place = (rule: Rule): void => {
    if (met.has(rule)) return;
    met.add(rule);
    const { requires = [], follows = [] } = rule;
    for (const first of rules) if (requires.includes(first.id) || follows.includes(first.id)) place(first);
    placed.add(rule);
  };
  for (const rule of rules) place(rule);
  return placed;
}
