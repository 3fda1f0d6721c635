import type { Rule } from '../rule.js';
import { elementLeads } from './boot.js';
import { cacheIsComputed, noinitKept, noinitLength, placement } from './cache.js';
import { imageInScratch } from './image.js';
import { namedTree } from './named.js';
import { besideNoinit, pagesOnce } from './overlap.js';
import { outsideScratch, recordFlags, soundRecords, unflaggedClaims, wholeRecords } from './records.js';
import { soundMemory } from './reused.js';
import { knownContents, rootCompatible, siblingNames, subsystemsThere, writerHeader } from './tree.js';

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
  soundMemory,
];
