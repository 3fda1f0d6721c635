import type { Rule } from '../rule.js';
import { deviceInTables, domainIds, levels, pasidFields, stages, topTables } from './devices.js';
import { inFiles, memfdsFirst, sealed, withinWidth } from './leaves.js';
import { canBeTables, contextTables } from './units.js';

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
