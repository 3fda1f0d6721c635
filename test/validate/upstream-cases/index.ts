/**
 * One way or more to make each rule on handovers of Linux 6.16 and later fail, on a captured core: beside the rules, in
 * src/structures.
 */
import { casesNamed } from '../cases.js';
import type { Case } from './case.js';

export type { Case, Dump } from './case.js';

export const CASES: readonly Case[] = await casesNamed('CASES');
