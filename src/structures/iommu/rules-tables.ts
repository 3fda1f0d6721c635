import type { Rule } from '../../validate/rule.js';
import { deviceInTables, domainIds, levels, pasidFields, stages, topTables } from './rules-tables-devices.js';
import { inFiles, memfdsFirst, sealed, withinWidth } from './rules-tables-leaves.js';
import { canBeTables, contextTables } from './rules-tables-units.js';

/** The tables of an IOMMU state that LUO hands over, against its records and files; each after its prerequisites. */
export const iommuTableRules: readonly Rule[] = [
  canBeTables,
  deviceInTables,
  domainIds,
  topTables,
  levels,
  stages,
  contextTables,
  pasidFields,
  inFiles,
  sealed,
  memfdsFirst,
  withinWidth,
];
