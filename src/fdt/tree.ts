/** Reading a parsed tree: names, paths, children, properties. Token indices in, token indices out. */

import { FdtToken } from '../records/fdt.js';
import { decodeText } from '../schema/escape.js';
import type { FdtTree } from './fdt-tree.js';
import { nameEnd } from './property-names.js';
import { PROP_VALUE, TAG_SIZE } from './token-layout.js';

/** Paths for people are cut at this many characters (a tree may be 100,000 levels deep). */
const MAX_PATH = 1024;
const AT = 0x40;

/** Longer names are made anew when asked for: all tails of a few strings may be names. */
const KEPT_NAME = 64;
const textByOffset = new WeakMap<FdtTree, Map<number, string | undefined>>();

/** The first root node's token index, -1 when there is none. */
export function rootNode(tree: FdtTree): number {
  for (let i = 0; i < tree.count; i++) {
    if (tree.kind[i] === FdtToken.beginNode) return i;
  }
  return -1;
}

/** The bytes of a node's name without its NUL, a view of `tree.bytes`; undefined when the token is no BEGIN_NODE. */
export function nodeNameBytes(tree: FdtTree, node: number): Uint8Array | undefined {
  if (tree.kind[node] !== FdtToken.beginNode) return undefined;
  const start = (tree.at[node] ?? 0) + TAG_SIZE;
  return tree.bytes.subarray(start, start + (tree.length[node] ?? 0));
}

/** A node's name as text (U+FFFD for bytes that are not UTF-8, not escaped); undefined when the token is no BEGIN_NODE. */
export function nodeName(tree: FdtTree, node: number): string | undefined {
  const bytes = nodeNameBytes(tree, node);
  return bytes === undefined ? undefined : decodeText(bytes);
}

/** A property's name offset in the strings block as stored, which may be outside of it; undefined for other tokens. */
export function propertyNameOffset(tree: FdtTree, property: number): number | undefined {
  return tree.kind[property] === FdtToken.prop ? tree.nameOffset[property] : undefined;
}

/**
 * The bytes of a property's name without its NUL, a view of `tree.bytes`.
 * Undefined when the token is not a property or the strings block does not hold the name (or only beyond 1024 bytes).
 */
export function propertyNameBytes(tree: FdtTree, property: number): Uint8Array | undefined {
  const offset = propertyNameOffset(tree, property);
  if (offset === undefined) return undefined;
  const start = tree.stringsStart + offset;
  const end = nameEnd(tree.bytes, start, tree.stringsEnd);
  return end < 0 ? undefined : tree.bytes.subarray(start, end);
}

/** A property's name as text (U+FFFD for bytes that are not UTF-8, not escaped); undefined as {@link propertyNameBytes}. */
export function propertyName(tree: FdtTree, property: number): string | undefined {
  const offset = propertyNameOffset(tree, property);
  if (offset === undefined) return undefined;
  let texts = textByOffset.get(tree);
  if (texts === undefined) {
    texts = new Map();
    textByOffset.set(tree, texts);
  }
  let text = texts.get(offset);
  if (text === undefined && !texts.has(offset)) {
    const bytes = propertyNameBytes(tree, property);
    text = bytes === undefined ? undefined : decodeText(bytes);
    if (bytes === undefined || bytes.length <= KEPT_NAME) texts.set(offset, text);
  }
  return text;
}

/** Byte offset of a property's value in `tree.bytes`; undefined when the token is not a property. */
export function valueOffset(tree: FdtTree, property: number): number | undefined {
  if (tree.kind[property] !== FdtToken.prop) return undefined;
  return (tree.at[property] ?? 0) + PROP_VALUE;
}

/**
 * A property's value, a view of `tree.bytes`; undefined when the token is not a property.
 *
 * @example
 * ```ts
 * import { findNode, findProperty, parseFdt, planFromSeed, propertyValue, synthesise } from 'kho-toolkit';
 *
 * const tree = parseFdt(synthesise(planFromSeed({ abi: 'kho-v4' })).blob);
 * const value = propertyValue(tree, findProperty(tree, findNode(tree, '/'), 'compatible'));
 * console.log(new TextDecoder().decode(value?.subarray(0, -1))); //=> kho-v4
 * ```
 */
export function propertyValue(tree: FdtTree, property: number): Uint8Array | undefined {
  const start = valueOffset(tree, property);
  return start === undefined ? undefined : tree.bytes.subarray(start, start + (tree.length[property] ?? 0));
}

/** Token indices of a node's subnodes, in blob order. */
export function* children(tree: FdtTree, node: number): Generator<number, void, void> {
  if (tree.kind[node] !== FdtToken.beginNode) return;
  for (let i = node + 1; i < tree.count; i = tree.next[i] ?? tree.count) {
    const kind = tree.kind[i];
    if (kind === FdtToken.beginNode) yield i;
    else if (kind === FdtToken.endNode || kind === FdtToken.end) return;
  }
}

/**
 * Token indices of a node's properties, in blob order. As in libfdt the list ends at the first subnode:
 * a property after it is seen by no reader (`property-after-subnode`).
 */
export function* properties(tree: FdtTree, node: number): Generator<number, void, void> {
  if (tree.kind[node] !== FdtToken.beginNode) return;
  for (let i = node + 1; i < tree.count; i++) {
    const kind = tree.kind[i];
    if (kind === FdtToken.prop) yield i;
    else if (kind !== FdtToken.nop) return;
  }
}

/**
 * Finds a node by absolute path; the first match wins, and a component without `@` also matches a name up to its `@`,
 * both as in libfdt's `fdt_path_offset`. Repeated and trailing slashes are ignored.
 * @returns the token index, or -1 (also when the path does not start with `/`)
 *
 * @example
 * ```ts
 * import { findNode, parseFdt, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const tree = parseFdt(blob);
 * console.log(findNode(tree, '/LUO') > 0, findNode(tree, '/nothing')); //=> true -1
 * ```
 */
export function findNode(tree: FdtTree, path: string): number {
  if (!path.startsWith('/')) return -1;
  let node = rootNode(tree);
  const encoder = new TextEncoder();
  for (const component of path.split('/')) {
    if (component === '') continue;
    if (node < 0) return -1;
    node = findChild(tree, node, encoder.encode(component));
  }
  return node;
}

function findChild(tree: FdtTree, node: number, name: Uint8Array): number {
  const hasUnit = name.includes(AT);
  for (const child of children(tree, node)) {
    const length = tree.length[child] ?? 0;
    if (length < name.length) continue;
    const start = (tree.at[child] ?? 0) + TAG_SIZE;
    const rest = length === name.length || (!hasUnit && tree.bytes[start + name.length] === AT);
    if (rest && name.every((byte, i) => tree.bytes[start + i] === byte)) return child;
  }
  return -1;
}

/**
 * Finds a property of a node by name; the first match wins. Returns its token index, or -1.
 *
 * @example
 * ```ts
 * import { findNode, findProperty, parseFdt, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const tree = parseFdt(synthesise(planFromSeed({ abi: 'kho-v4' })).blob);
 * console.log(findProperty(tree, findNode(tree, '/'), 'compatible') > 0); //=> true
 * ```
 */
export function findProperty(tree: FdtTree, node: number, name: string): number {
  for (const property of properties(tree, node)) {
    if (propertyName(tree, property) === name) return property;
  }
  return -1;
}

/**
 * The path of a token: a node's own, a property's with its name after the node's (`?` when the name cannot be read),
 * any other token's that of the node around it. Not escaped. A path of more than 1024 characters keeps its end,
 * after `...`. A token outside every node gives `/`.
 */
export function nodePath(tree: FdtTree, token: number): string {
  let node = token;
  let path = '';
  const kind = tree.kind[token];
  if (kind !== FdtToken.beginNode) {
    node = tree.parent[token] ?? -1;
    if (kind === FdtToken.prop) path = `/${propertyName(tree, token) ?? '?'}`;
  }
  while (node >= 0) {
    const parent = tree.parent[node] ?? -1;
    if (parent < 0) break;
    path = `/${nodeName(tree, node) ?? '?'}${path}`;
    if (path.length > MAX_PATH) return `...${path.slice(-MAX_PATH)}`;
    node = parent;
  }
  return path === '' ? '/' : path;
}
