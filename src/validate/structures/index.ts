/** Rules on the structures of drafts, each after its prerequisites. */
import type { Rule } from '../rule.js';
import {
  attachmentId,
  attachmentShared,
  deviceDomain,
  deviceId,
  devicesUnique,
  deviceUnit,
  pasidFields,
  pasidTable,
} from './iommu/devices.js';
import { firstStage, levels, topTable, topTableOwned, widths } from './iommu/domains.js';
import {
  counts,
  firstPages,
  innerPages,
  links,
  nothingBehind,
  padding,
  pages,
  record,
  runTime,
  totals,
  values,
  version,
  written,
} from './iommu/lists.js';
import { secondLevels, streamTable } from './iommu/smmuv3.js';
import {
  contextTables,
  deviceType,
  refCounts,
  rootTable,
  unitRegisters,
  unitTokens,
  unitType,
} from './iommu/units.js';
import { iommufdRules } from './iommufd.js';
import { kvmRules, pstoreVersion } from './kvm.js';
import { memoryRules } from './memory.js';
import { pciFileRules, pciRecordRules } from './pci.js';
import { vfioRules } from './vfio.js';

export const iommuRules: readonly Rule[] = [
  version,
  record,
  firstPages,
  links,
  counts,
  pages,
  innerPages,
  nothingBehind,
  written,
  totals,
  values,
  runTime,
  padding,
  unitType,
  unitTokens,
  unitRegisters,
  deviceDomain,
  deviceUnit,
  deviceType,
  refCounts,
  devicesUnique,
  deviceId,
  attachmentId,
  attachmentShared,
  pasidFields,
  pasidTable,
  rootTable,
  contextTables,
  topTable,
  topTableOwned,
  levels,
  firstStage,
  widths,
  streamTable,
  secondLevels,
];

/** Rules on VFIO files ask for those on iommufds, and rules on the PCI state for those on VFIO files. */
export const structureRules: readonly Rule[] = [
  ...iommuRules,
  ...iommufdRules,
  ...pciRecordRules,
  ...vfioRules,
  ...pciFileRules,
  ...memoryRules,
  ...kvmRules,
  pstoreVersion,
];
