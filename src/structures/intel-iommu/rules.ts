import type { Rule } from '../../validate/rule.js';
import {
  addressWidth,
  attached,
  compatible,
  container,
  devices,
  fixedProperties,
  identity,
  memCapacity,
  memProperty,
  owned,
  pageRecords,
  rootTable,
} from './rules-nodes.js';
import { producer } from './rules-producer.js';
import {
  entriesValid,
  firstEntry,
  noData,
  noSuperpages,
  rootPreserved,
  tablesAreTree,
  tablesPreserved,
} from './rules-tables.js';

/** Rules on Intel IOMMU domains of the 2024 series, each after its prerequisites. */
export const domainRules: readonly Rule[] = [
  compatible,
  container,
  memProperty,
  memCapacity,
  fixedProperties,
  identity,
  addressWidth,
  rootTable,
  rootPreserved,
  tablesPreserved,
  pageRecords,
  noData,
  producer,
  firstEntry,
  tablesAreTree,
  entriesValid,
  devices,
  attached,
  owned,
  noSuperpages,
];
