import type { Rule } from '../rule.js';
import { deviceInTables, domainIds, levels, pasidFields, topTables } from './devices.js';
import { inFiles, sealed, withinWidth } from './leaves.js';
import { canBeTables, contextTables } from './units.js';

/** The tables of an IOMMU state that LUO hands over, against its records and files; each after its prerequisites. */
export const iommuTableRules: readonly Rule[] = [
  canBeTables,
  deviceInTables,
  domainIds,
  topTables,
  levels,
  contextTables,
  pasidFields,
  inFiles,
  sealed,
  withinWidth,
];
