import type { Rule } from '../rule.js';
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
} from './nodes.js';
import { producer } from './producer.js';
import {
  entriesValid,
  firstEntry,
  noData,
  noSuperpages,
  rootPreserved,
  tablesAreTree,
  tablesPreserved,
} from './tables.js';

/** Rules on Intel IOMMU domains of the 2024 series, each after its prerequisites. */
export const dmarRules: readonly Rule[] = [
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
