/**
 * Root trees that have lost their strings block. From 6.19 on the debugfs file `out/fdt` keeps the size that
 * the tree had at boot, and breaks off when children are added later (upstream 3.11). The kernel makes its
 * trees by the same calls each time, so that the offsets of the names are known.
 */

import type { FdtTree } from '../../fdt/parse.js';
import { properties, propertyNameBytes, propertyValue, rootNode } from '../../fdt/tree.js';
import { FdtToken } from '../../records/fdt.js';
import { FACTS, upstreamNamed } from '../../versions/generations.js';
import { compatibleStrings } from '../bind.js';

/**
 * The same tree with the names that a kernel would have written, when no name of it can be read and its
 * first property is a version string of a handover at the place where a kernel puts it.
 *
 * @returns undefined when the tree has its names, or is something else
 */
export function withKernelNames(tree: FdtTree): FdtTree | undefined {
  const root = rootNode(tree);
  if (root < 0 || tree.complete) return undefined;
  for (let token = 0; token < tree.count; token++) {
    if (tree.kind[token] === FdtToken.prop && propertyNameBytes(tree, token) !== undefined) return undefined;
  }
  for (const property of properties(tree, root)) {
    const [version = ''] = compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
    const generation = upstreamNamed(version);
    if (generation === undefined) continue;
    const { names: edited, writtenOnce } = FACTS[generation];
    for (const names of writtenOnce === undefined ? [edited] : [edited, writtenOnce]) {
      const strings = new TextEncoder().encode(`${names.join('\0')}\0`);
      const named = withStrings(tree, strings);
      if (tree.nameOffset[property] === names.join('\0').indexOf('compatible')) return named;
    }
  }
  return undefined;
}

function withStrings(tree: FdtTree, strings: Uint8Array): FdtTree {
  const bytes = new Uint8Array(tree.bytes.length + strings.length);
  bytes.set(tree.bytes);
  bytes.set(strings, tree.bytes.length);
  return { ...tree, bytes, stringsStart: tree.bytes.length, stringsEnd: bytes.length };
}
