/** When two trees say the same. */
import type { FdtTree } from '../fdt/parse.js';
import { nodeNameBytes, propertyNameBytes, propertyValue } from '../fdt/tree.js';
import { FdtToken } from '../records/fdt.js';
import { equalBytes } from './bytes.js';

/**
 * Whether two trees have the same nodes, property names and values in the same order, wherever their
 * blobs put strings, padding and NOPs.
 */
export function sameTree(a: FdtTree, b: FdtTree): boolean {
  if (a === b) return true;
  let i = 0;
  let j = 0;
  for (;;) {
    while (i < a.count && a.kind[i] === FdtToken.nop) i++;
    while (j < b.count && b.kind[j] === FdtToken.nop) j++;
    if (i >= a.count || j >= b.count) return i >= a.count && j >= b.count && a.complete === b.complete;
    if (!sameToken(a, i, b, j)) return false;
    i++;
    j++;
  }
}

function sameToken(a: FdtTree, i: number, b: FdtTree, j: number): boolean {
  if (a.kind[i] !== b.kind[j]) return false;
  if (a.kind[i] === FdtToken.beginNode) return sameBytes(nodeNameBytes(a, i), nodeNameBytes(b, j));
  if (a.kind[i] !== FdtToken.prop) return true;
  return (
    sameBytes(propertyNameBytes(a, i), propertyNameBytes(b, j)) &&
    sameBytes(propertyValue(a, i), propertyValue(b, j))
  );
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
