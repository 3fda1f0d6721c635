/** One way or more to make each rule on drafts fail: beside the rules, in src/structures. */
import { casesNamed } from '../cases.js';
import type { DraftCase } from './base.js';

export const DRAFT_CASES: readonly DraftCase[] = await casesNamed('DRAFT_CASES');
