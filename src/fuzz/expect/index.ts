/** Expectations of changed fields, over all ABIs. */

import { fdtHeader } from '../../records/fdt.js';
import { type Expectation, UNKNOWN } from '../mutation.js';
import { expectBound } from './bound.js';
import { fdtFields } from './fdt.js';
import { type FieldChange, type FieldRule, fieldKey } from './field.js';
import { rfc2024Fields } from './rfc2024.js';
import { upstreamFields } from './upstream.js';
import { vtdFields } from './vtd.js';

const fields: Readonly<Record<string, FieldRule>> = {
  ...fdtFields,
  ...rfc2024Fields,
  ...upstreamFields,
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
