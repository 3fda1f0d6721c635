/** Keys of tree nodes that stay short however deep a node is. */

/** A path of a node, and what stands for it in a key. */
export interface NodePath {
  /** As people read it; joined as it is printed. */
  readonly path: string;
  readonly depth: number;
  /** Two hashes of the names down to here. */
  readonly low: number;
  readonly high: number;
}

export const ROOT_PATH: NodePath = { path: '/', depth: 0, low: 0x811c9dc5, high: 0x9747b28c };

/** Nodes further down are not kernel's (drivers/of/fdt.c unflattens 64 levels): their keys are hashes. */
const MAX_DEPTH = 64;
/** Longer names of properties and nodes are not kernel's either. */
const MAX_PATH = 4096;

/** The path of a child. */
export function childPath({ path, depth, low, high }: NodePath, name: string): NodePath {
  let a = Math.imul(low ^ 0x2f, 0x01000193);
  let b = Math.imul(high ^ 0x2f, 0x5bd1e995);
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return { path: `${depth === 0 ? '' : path}/${name}`, depth: depth + 1, low: a, high: b };
}

/**
 * What tells a node from others of its tree: its path, or where that is long its depth and hashes of it, so that a
 * chain of n nodes takes n steps and not their square. Nodes whose hashes are made to meet are compared with each
 * other, which shows in what is said of them and nowhere else.
 */
export function pathKey({ path, depth, low, high }: NodePath): string {
  if (depth <= MAX_DEPTH && path.length <= MAX_PATH) return path;
  return `${depth}\u0000${low >>> 0}\u0000${high >>> 0}`;
}
