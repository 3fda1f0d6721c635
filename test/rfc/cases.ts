/** Damage of a consistent dump, and which rules say so: beside the rules, in src/structures. */
import { casesNamed } from '../validate/cases.js';
import type { FieldCase, RuleCase } from './sample.js';

/** Of single fields. */
export const CASES: readonly FieldCase[] = await casesNamed('RFC_FIELDS');
/** For rules that those do not reach. */
export const MORE: readonly RuleCase[] = await casesNamed('RFC_RULES');
