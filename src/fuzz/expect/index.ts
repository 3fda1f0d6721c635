/** Expectations of changed fields, over all ABIs. */

import { fdtHeader } from '../../records/fdt.js';
import { EXPECTATIONS } from '../../structures/expect-found.js';
import { type Expectation, UNKNOWN } from '../mutation.js';
import { expectBound } from './bound.js';
import { fdtFields } from './fdt.js';
import { type FieldChange, type FieldRule, fieldKey, type LinkRules, type ListRules } from './field.js';
import { vtdFields, vtdLinks } from './vtd.js';

/** What becomes of lists of records, by the record's name. */
export const LISTS: Readonly<Record<string, ListRules>> = Object.assign(
  {},
  ...EXPECTATIONS.map(({ lists }) => lists),
);

/** Links of chains and of tables, by the record that has them. */
export const LINKS: Readonly<Record<string, LinkRules>> = Object.assign(
  {},
  vtdLinks,
  ...EXPECTATIONS.map(({ links }) => links),
);

const fields: Readonly<Record<string, FieldRule>> = {
  ...fdtFields,
  ...Object.assign({}, ...EXPECTATIONS.map((each) => each.fields)),
  ...vtdFields,
};

/** What is to be said of a change: nothing new where the bytes stay the same. */
export function expectField(change: FieldChange): Expectation {
  const { field, target } = change;
  // Rules look at whole handovers; what a lone rider means is not decided without one.
  const rule = fields[fieldKey(field.owner.name, field.info.id)];
  if (target.handover.kind !== 'handover') return UNKNOWN;
  // Without its memory only the tree is judged.
  const inTree = change.instance.property !== undefined || field.owner === fdtHeader;
  if (target.form === 'blob' && !inTree) return UNKNOWN;
  return rule === undefined ? expectBound(change) : rule(change);
}
