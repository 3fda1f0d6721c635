/** Keys of tree nodes and their properties: numbers, which cost the same however deep a node is. */
import { joinedHash } from '../key-counts.js';

/** A path of a node, and what stands for it in a key. */
export interface NodePath {
  /** As people read it; joined as it is printed. Of one that is too long the end, after an ellipsis. */
  readonly path: string;
  readonly depth: number;
  /** Two hashes of the names down to here. */
  readonly low: number;
  readonly high: number;
}

/** Characters of a path for people, as in diagnostics: those of a chain of n nodes have n² together. */
const SHOWN_PATH = 1024;

export const ROOT_PATH: NodePath = { path: '/', depth: 0, low: 0x811c9dc5, high: 0x9747b28c };

/** The path of a child. */
export function childPath({ path, depth, low, high }: NodePath, name: string): NodePath {
  const above = depth === 0 ? '' : path.length > SHOWN_PATH ? '...' : path;
  const mixed = mix(low, high, '/', name);
  return { path: `${above}/${name}`, depth: depth + 1, ...mixed };
}

/**
 * What tells a node from others of its tree. Things whose hashes are made to meet are told from each other by their paths
 * (`pairs`), except where those are longer than a kernel's.
 */
export function nodeKey({ low, high }: NodePath): number {
  return joinedHash(low, high);
}

/** The same of one of its properties. */
export function propertyKey({ low, high }: NodePath, name: string): number {
  const mixed = mix(low, high, '\u0000', name);
  return joinedHash(mixed.low, mixed.high);
}

function mix(low: number, high: number, separator: string, name: string): { low: number; high: number } {
  let a = Math.imul(low ^ separator.charCodeAt(0), 0x01000193);
  let b = Math.imul(high ^ separator.charCodeAt(0), 0x5bd1e995);
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return { low: a, high: b };
}
