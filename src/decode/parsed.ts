/** Blobs that were read while trees were looked for, parsed once however many ask; nobody writes to them. */
import { type FdtTree, parseFdt } from '../fdt/parse.js';

const known = new WeakMap<Uint8Array, FdtTree>();

/** The tree of a blob that stays as it is. */
export function parseOnce(bytes: Uint8Array): FdtTree {
  let tree = known.get(bytes);
  if (tree === undefined) {
    tree = parseFdt(bytes);
    known.set(bytes, tree);
  }
  return tree;
}

/** The same if it was parsed by {@link parseOnce}; of any other blob a tree of its own. */
export function parsed(bytes: Uint8Array): FdtTree {
  return known.get(bytes) ?? parseFdt(bytes);
}
