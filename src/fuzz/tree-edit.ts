/** Structure edits of a devicetree blob, for trees of any shape. */
import { type FdtImageToken, fromImage, toImage } from '../fdt/image.js';
import { relayout } from '../fdt/image-layout.js';
import type { FdtTree } from '../fdt/parse.js';
import { findNode, findProperty } from '../fdt/tree.js';
import type { TreeEdit, TreePlace } from './mutation.js';

/** The token of a place, -1 where it is not. */
function tokenAt(tree: FdtTree, { path, property }: TreePlace): number {
  const node = findNode(tree, path);
  return node < 0 || property === undefined ? node : findProperty(tree, node, property);
}

/**
 * The blob after an edit, laid out anew.
 *
 * @returns undefined when the place is not there, or the blob is too damaged to be edited
 */
export function editTree(tree: FdtTree, edit: TreeEdit): Uint8Array | undefined {
  if (tree.header === undefined || !tree.complete) return undefined;
  const token = tokenAt(tree, edit.at);
  if (token < 0) return undefined;
  const image = toImage(tree);
  const tokens = editTokens([...image.tokens], tree, token, edit);
  return tokens === undefined ? undefined : fromImage(relayout({ ...image, tokens }));
}

function editTokens(
  tokens: readonly FdtImageToken[],
  tree: FdtTree,
  token: number,
  edit: TreeEdit,
): FdtImageToken[] | undefined {
  const end = tree.next[token] ?? token + 1;
  const own = tokens.slice(token, end);
  const [first] = own;
  if (first === undefined) return undefined;
  switch (edit.op) {
    case 'drop':
      return tokens.toSpliced(token, own.length);
    case 'duplicate':
      return tokens.toSpliced(end, 0, ...own);
    case 'rename':
      if (first.kind !== 'node') return undefined;
      return tokens.with(token, { ...first, name: new TextEncoder().encode(edit.name) });
    case 'value':
      return first.kind === 'prop' ? tokens.with(token, { ...first, value: edit.value }) : undefined;
    default: {
      const to = siblingEdge(tree, token, edit.op);
      if (to < 0 || to === token) return undefined;
      const without = tokens.toSpliced(token, own.length);
      return without.toSpliced(to > token ? to - own.length : to, 0, ...own);
    }
  }
}

/** Where the first sibling of a token's own kind begins, or the last one ends. */
function siblingEdge(tree: FdtTree, token: number, edge: 'first' | 'last'): number {
  const parent = tree.parent[token] ?? -1;
  if (parent < 0) return -1;
  let found = -1;
  for (let i = parent + 1; i < (tree.next[parent] ?? 0); i = tree.next[i] ?? tree.count) {
    if (tree.kind[i] !== tree.kind[token]) continue;
    if (edge === 'first') return i;
    found = tree.next[i] ?? -1;
  }
  return found === tree.next[token] ? -1 : found;
}
