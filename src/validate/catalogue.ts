/** Every rule, each after its prerequisites. */
import { draftRules, rfcRules, upstreamRules } from '../structures/rules.js';
import { vtdRules } from '../vtd/rules/index.js';
import { fdtRules } from './fdt/index.js';
import type { Rule } from './rule.js';

/**
 * Every rule, each after those that it requires.
 *
 * @example
 * ```ts
 * import { catalogue } from 'kho-toolkit';
 *
 * const rule = catalogue.find(({ id }) => id === 'KHO-008');
 * console.log(rule?.severity); //=> error
 * ```
 */
export const catalogue: readonly Rule[] = [
  ...fdtRules,
  ...rfcRules,
  ...vtdRules,
  ...upstreamRules,
  ...draftRules,
];
