/**
 * The registry of rules: a line a structure, in the order in which rules are run and told, each after its prerequisites.
 */
import type { Rule } from '../validate/rule.js';
import { blockRules } from './blocks/rules.js';
import { guestMemfdRules } from './guest-memfd/rules.js';
import { hugetlbRules } from './hugetlb/rules.js';
import { iommuRules } from './iommu/rules.js';
import { iommuTableRules } from './iommu/rules-tables.js';
import { iommufdRules } from './iommufd/rules.js';
import { metadataRules } from './kexec-metadata/rules.js';
import { khoTestRules } from './kho-test/rules.js';
import { kvmRules } from './kvm/rules.js';
import { luoRules } from './luo/rules.js';
import { mapRules, pageRules } from './map/rules.js';
import { memblockRules } from './memblock/rules.js';
import { memfdRules } from './memfd/rules.js';
import { pciFileRules, pciRecordRules } from './pci/rules.js';
import { pstoreVersion } from './pstore/rules.js';
import { rootRules, takeoverRules } from './root/rules.js';
import { scratchRules } from './scratch/rules.js';
import { vfioRules } from './vfio/rules.js';
import { vmallocRules } from './vmalloc/rules.js';

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
];
