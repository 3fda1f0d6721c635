/** The `compatible` of a node against the one that its layout is defined for. */

import { compatibleStrings } from '../decode/bind.js';
import type { FdtTree } from '../fdt/parse.js';
import { findNode, findProperty, propertyValue } from '../fdt/tree.js';
import type { Reporter } from './rule.js';

/** The strings of a node's `compatible`; undefined where it has no such property. */
export function compatiblesOf(tree: FdtTree, node: number): string[] | undefined {
  const property = findProperty(tree, node, 'compatible');
  return property < 0 ? undefined : compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
}

/**
 * What is to be reported of a node that is not compatible with `expected`.
 *
 * @param what the node, for people
 */
export function incompatible(
  what: string,
  fdtPath: string,
  strings: readonly string[] | undefined,
  expected: string,
): Parameters<Reporter['finding']>[0] {
  const says =
    strings === undefined ? 'has no compatible property' : `is compatible with "${strings.join('", "')}"`;
  return {
    message: `${what} ${says}`,
    location: { fdtPath, property: 'compatible' },
    found: (strings ?? []).join(', '),
    expected,
  };
}

/** Reports a node that is there and not compatible with `expected`. */
export function checkCompatible(
  tree: FdtTree | undefined,
  path: string,
  expected: string,
  report: Reporter,
): void {
  const node = tree === undefined ? -1 : findNode(tree, path);
  if (tree === undefined || node < 0) return;
  const strings = compatiblesOf(tree, node);
  if (strings?.includes(expected) === true) return;
  report.finding({
    ...incompatible(path, path, strings, expected),
    ...(strings === undefined ? {} : { message: `${path} is "${strings.join('", "')}"` }),
  });
}
