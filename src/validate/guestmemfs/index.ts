import type { Rule } from '../rule.js';
import { blocksInRegion, blocksMarked, blocksOnce, blocksOwned, noStrayBits } from './blocks.js';
import {
  baseAlignment,
  compatible,
  dataRegion,
  indexFits,
  inodeCount,
  mappingNodes,
  mappingRecords,
  superblockRecords,
} from './container.js';
import { directMap, indexElements } from './index-page.js';
import { fileNames, inodeFlags, mappingCount, noErrorNumbers, pinCounts } from './inodes.js';
import { allocatedInodes, childList, freeList, frozen } from './lists.js';

/** Rules on guestmemfs, each after its prerequisites. */
export const guestmemfsRules: readonly Rule[] = [
  compatible,
  superblockRecords,
  dataRegion,
  mappingNodes,
  inodeCount,
  indexFits,
  mappingRecords,
  inodeFlags,
  noErrorNumbers,
  indexElements,
  directMap,
  childList,
  freeList,
  allocatedInodes,
  fileNames,
  mappingCount,
  blocksInRegion,
  blocksOnce,
  blocksMarked,
  blocksOwned,
  noStrayBits,
  pinCounts,
  frozen,
  baseAlignment,
];
