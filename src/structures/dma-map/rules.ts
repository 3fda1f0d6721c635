import type { Rule } from '../../validate/rule.js';
import { askedIsMapped, mappedIsAsked, readRights, writeRights } from './rules-areas.js';
import {
  blocksOnce,
  mappedIsAllocated,
  mappedIsInFile,
  mappedIsPersistent,
  metadataOutside,
} from './rules-leaves.js';
import {
  areasAreLinear,
  handleIsPinnedFile,
  handleNamesAll,
  handleWithAreas,
  pinsAreNamed,
} from './rules-pins.js';
import { snoopIsUniform } from './rules-snoop.js';

/**
 * Rules across subsystems of the 2024 series (rfc-2024 4), each after its prerequisites. S1 is DMAR-019;
 * S14 is what KHO-008, KHO-011, KHO-016, DMAR-009 and DMAR-010 say.
 */
export const mappingRules: readonly Rule[] = [
  mappedIsPersistent,
  mappedIsAsked,
  askedIsMapped,
  writeRights,
  readRights,
  handleWithAreas,
  handleIsPinnedFile,
  mappedIsInFile,
  mappedIsAllocated,
  handleNamesAll,
  areasAreLinear,
  metadataOutside,
  blocksOnce,
  pinsAreNamed,
  snoopIsUniform,
];
