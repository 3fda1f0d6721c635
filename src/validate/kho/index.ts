import type { Rule } from '../rule.js';
import { elementLeads } from './boot.js';
import { cacheIsComputed, noinitKept, noinitLength, placement } from './cache.js';
import { besideNoinit, pagesOnce } from './overlap.js';
import { outsideScratch, recordFlags, soundRecords, unflaggedClaims, wholeRecords } from './records.js';
import { knownContents, rootCompatible, siblingNames, subsystemsThere, writerHeader } from './tree.js';

/** Rules on the container of the 2024 series, each after its prerequisites. */
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
];
