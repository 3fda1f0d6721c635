import type { Rule } from '../../validate/rule.js';
import { cacheIsComputed, noinitKept, noinitLength, placement } from '../kho-mem/rules-cache.js';
import { besideNoinit, pagesOnce } from '../kho-mem/rules-overlap.js';
import {
  outsideScratch,
  recordFlags,
  soundRecords,
  unflaggedClaims,
  wholeRecords,
} from '../kho-mem/rules-records.js';
import { imageInScratch } from '../root/rules-image.js';
import { namedTree } from '../root/rules-named.js';
import { elementLeads } from './rules-entry.js';
import { knownContents, rootCompatible, siblingNames, subsystemsThere, writerHeader } from './rules-tree.js';

/** Rules on the container: those of the 2024 series, and on what leads to the tree of any. Each after its prerequisites. */
export const khoRules: readonly Rule[] = [
  writerHeader,
  rootCompatible,
  wholeRecords,
  soundRecords,
  recordFlags,
  outsideScratch,
  pagesOnce,
  besideNoinit,
  cacheIsComputed,
  unflaggedClaims,
  noinitLength,
  placement,
  siblingNames,
  subsystemsThere,
  knownContents,
  noinitKept,
  elementLeads,
  namedTree,
  imageInScratch,
];
