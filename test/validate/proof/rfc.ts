/** Single faults of a consistent dump of the 2024 series. */

import { FTRACE_CASES } from '../../../src/structures/ftrace/cases.js';
import { GMFS_CASES } from '../../../src/structures/guestmemfs/cases.js';
import { CASES, MORE } from '../../rfc/cases.js';
import { type Damage, damaged } from '../../rfc/corrupt.js';
import { DUMP } from '../../rfc/sample.js';
import type { Fault } from './fault.js';

export const rfcFaults: readonly Fault[] = [
  fault(undefined, 'nothing: a tree in which the kernel counts a page too many', {}),
  ...MORE.map(([rule, what, damage]) => fault(rule, what, damage)),
  ...CASES.map(([field, damage]) => fault(undefined, `${field} changed`, damage)),
  ...GMFS_CASES.map(([what, damage, rules]) => fault(rules[0]?.split(' ')[0], what, damage)),
  ...FTRACE_CASES.map(([what, damage, rules]) => fault(rules[0]?.split(' ')[0], what, damage)),
];

function fault(rule: string | undefined, what: string, damage: Damage): Fault {
  return {
    ...(rule === undefined ? {} : { rule }),
    what,
    base: 'built by test/rfc',
    generation: 'rfc-2024',
    broken: () => ({ handover: { ...damaged(DUMP, damage), generation: 'rfc-2024' } }),
  };
}
