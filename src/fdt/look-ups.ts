/** What of a damaged token stream look-ups by path still see: libfdt stops at the FDT_END_NODE of the root. */
import { FdtToken } from '../records/fdt.js';
import type { FdtDiagnostic } from './diagnostics.js';
import type { FdtTree } from './fdt-tree.js';
import { nodeName, rootNode } from './tree.js';

/**
 * Byte offset after the root's FDT_END_NODE.
 *
 * @returns undefined where there is no root, or it is not closed
 */
export function rootEnd(tree: FdtTree): number | undefined {
  const root = rootNode(tree);
  if (root < 0) return undefined;
  const last = (tree.next[root] ?? 0) - 1;
  if (last <= root || tree.kind[last] !== FdtToken.endNode || tree.parent[last] !== root) return undefined;
  return (tree.at[last] ?? 0) + 4;
}

/** Whether a diagnostic of the token stream is where no look-up comes. */
export function isUnseen(tree: FdtTree, { offset }: FdtDiagnostic): boolean {
  const end = rootEnd(tree);
  return end !== undefined && offset >= end;
}

/** Whether named nodes, or properties, are after the root: what they hand over is never found. */
export function hasStrayNodes(tree: FdtTree): boolean {
  const root = rootNode(tree);
  if (root < 0) return false;
  for (let token = tree.next[root] ?? tree.count; token < tree.count; token++) {
    if (tree.kind[token] === FdtToken.beginNode && (nodeName(tree, token) ?? '') !== '') return true;
  }
  return false;
}
