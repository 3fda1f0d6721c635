/** The preserved map, and whose the pages are that it keeps. */
import type { Rule } from '../../validate/rule.js';
import { chunkRules } from './rules-chunks.js';
import { unreferenced } from './rules-leak.js';
import { leftOver } from './rules-left-over.js';
import { overlapRules } from './rules-overlap.js';
import { oneOwner } from './rules-owners.js';
import { radixRules } from './rules-radix.js';
import { restoreRules } from './rules-restore.js';

export const mapRules: readonly Rule[] = [...chunkRules, ...radixRules, ...overlapRules];

/** What everything else says of the pages has to be known first. */
export const pageRules: readonly Rule[] = [...restoreRules, oneOwner, unreferenced, leftOver];
