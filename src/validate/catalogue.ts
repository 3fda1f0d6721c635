/** Every rule, each after its prerequisites. */
import { draftRules, upstreamRules } from '../structures/rules.js';
import { dmarRules } from './dmar/index.js';
import { fdtRules } from './fdt/index.js';
import { ftraceRules } from './ftrace/index.js';
import { guestmemfsRules } from './guestmemfs/index.js';
import { iommufdRules } from './iommufd/index.js';
import { khoRules } from './kho/index.js';
import { mapRules } from './map/index.js';
import type { Rule } from './rule.js';
import { vtdRules } from './vtd/index.js';

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
  ...khoRules,
  ...iommufdRules,
  ...dmarRules,
  ...guestmemfsRules,
  ...ftraceRules,
  ...mapRules,
  ...vtdRules,
  ...upstreamRules,
  ...draftRules,
];
