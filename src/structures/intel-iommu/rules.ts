import type { Rule } from '../../validate/rule.js';
import * as nodes from './rules-nodes.js';
import { producer } from './rules-producer.js';
import * as tables from './rules-tables.js';

/** Rules on Intel IOMMU domains of the 2024 series, each after its prerequisites. */
export const domainRules: readonly Rule[] = [
  nodes.compatible,
  nodes.container,
  nodes.memProperty,
  nodes.memCapacity,
  nodes.fixedProperties,
  nodes.identity,
  nodes.addressWidth,
  nodes.rootTable,
  tables.rootPreserved,
  tables.tablesPreserved,
  nodes.pageRecords,
  tables.noData,
  producer,
  tables.firstEntry,
  tables.tablesAreTree,
  tables.entriesValid,
  nodes.devices,
  nodes.attached,
  nodes.owned,
  tables.noSuperpages,
];
