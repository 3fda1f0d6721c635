import type { Rule } from '../../validate/rule.js';
import * as blocks from './rules-blocks.js';
import * as indexPage from './rules-index-page.js';
import * as inodes from './rules-inodes.js';
import * as lists from './rules-lists.js';
import * as nodes from './rules-nodes.js';

/** Rules on guestmemfs, each after its prerequisites. */
export const guestmemfsRules: readonly Rule[] = [
  nodes.compatible,
  nodes.superblockRecords,
  nodes.dataRegion,
  nodes.mappingNodes,
  nodes.inodeCount,
  nodes.indexFits,
  nodes.mappingRecords,
  inodes.inodeFlags,
  inodes.noErrorNumbers,
  indexPage.indexElements,
  indexPage.directMap,
  lists.childList,
  lists.freeList,
  lists.allocatedInodes,
  inodes.fileNames,
  inodes.mappingCount,
  blocks.blocksInRegion,
  blocks.blocksOnce,
  blocks.blocksMarked,
  blocks.blocksOwned,
  blocks.noStrayBits,
  inodes.pinCounts,
  lists.frozen,
  nodes.baseAlignment,
];
