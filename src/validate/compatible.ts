/** The `compatible` of a subsystem's node against the one that its layout is defined for. */

import { compatibleStrings } from '../decode/bind.js';
import type { FdtTree } from '../fdt/parse.js';
import { findNode, findProperty, propertyValue } from '../fdt/tree.js';
import type { Reporter } from './rule.js';

/** Reports a node that is there and not compatible with `expected`. */
export function checkCompatible(
  tree: FdtTree | undefined,
  path: string,
  expected: string,
  report: Reporter,
): void {
  const node = tree === undefined ? -1 : findNode(tree, path);
  if (tree === undefined || node < 0) return;
  const property = findProperty(tree, node, 'compatible');
  const strings = property < 0 ? [] : compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
  if (strings.includes(expected)) return;
  report.finding({
    message: `${path} ${property < 0 ? 'has no compatible property' : `is "${strings.join('", "')}"`}`,
    location: { fdtPath: path, property: 'compatible' },
    found: strings.join(', '),
    expected,
  });
}
