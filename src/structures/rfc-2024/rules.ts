import type { Rule } from '../../validate/rule.js';
import * as cache from '../kho-mem/rules-cache.js';
import * as overlap from '../kho-mem/rules-overlap.js';
import * as records from '../kho-mem/rules-records.js';
import { imageInScratch } from '../root/rules-image.js';
import { namedTree } from '../root/rules-named.js';
import { soundMemory } from '../root/rules-reused.js';
import { elementLeads } from './rules-entry.js';
import * as tree from './rules-tree.js';

/** Rules on the container: those of the 2024 series, and on what leads to the tree of any. Each after its prerequisites. */
export const khoRules: readonly Rule[] = [
  tree.writerHeader,
  tree.rootCompatible,
  records.wholeRecords,
  records.soundRecords,
  records.recordFlags,
  records.outsideScratch,
  overlap.pagesOnce,
  overlap.besideNoinit,
  cache.cacheIsComputed,
  records.unflaggedClaims,
  cache.noinitLength,
  cache.placement,
  tree.siblingNames,
  tree.subsystemsThere,
  tree.knownContents,
  cache.noinitKept,
  elementLeads,
  namedTree,
  imageInScratch,
  soundMemory,
];
