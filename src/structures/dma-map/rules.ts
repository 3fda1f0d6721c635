import type { Rule } from '../../validate/rule.js';
import * as areas from './rules-areas.js';
import * as leaves from './rules-leaves.js';
import * as pins from './rules-pins.js';
import { snoopIsUniform } from './rules-snoop.js';

/**
 * Rules across subsystems of the 2024 series (rfc-2024 4), each after its prerequisites. S1 is DMAR-019;
 * S14 is what KHO-008, KHO-011, KHO-016, DMAR-009 and DMAR-010 say.
 */
export const mappingRules: readonly Rule[] = [
  leaves.mappedIsPersistent,
  areas.mappedIsAsked,
  areas.askedIsMapped,
  areas.writeRights,
  areas.readRights,
  pins.handleWithAreas,
  pins.handleIsPinnedFile,
  leaves.mappedIsInFile,
  leaves.mappedIsAllocated,
  pins.handleNamesAll,
  pins.areasAreLinear,
  leaves.metadataOutside,
  leaves.blocksOnce,
  pins.pinsAreNamed,
  snoopIsUniform,
];
