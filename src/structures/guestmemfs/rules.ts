import type { Rule } from '../../validate/rule.js';
import { blocksInRegion, blocksMarked, blocksOnce, blocksOwned, noStrayBits } from './rules-blocks.js';
import { directMap, indexElements } from './rules-index-page.js';
import { fileNames, inodeFlags, mappingCount, noErrorNumbers, pinCounts } from './rules-inodes.js';
import { allocatedInodes, childList, freeList, frozen } from './rules-lists.js';
import {
  baseAlignment,
  compatible,
  dataRegion,
  indexFits,
  inodeCount,
  mappingNodes,
  mappingRecords,
  superblockRecords,
} from './rules-nodes.js';

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
