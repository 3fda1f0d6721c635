/**
 * Lays the typed parts over an image of the tree. The image supplies order, padding and whatever has no
 * typed form; where the typed parts say something else than the image does, they win.
 */

import { compatibleStrings } from '../decode/bind.js';
import { equalBytes } from '../decode/bytes.js';
import type { FdtImage, FdtImageToken, FdtImageTokens } from '../fdt/image.js';
import { decodeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import type { TypedNode } from './bind.js';

const COMPATIBLE = 'compatible';

/** A node of an image, so that it can be edited in place. */
interface Node {
  readonly name: Uint8Array;
  /** Properties, NOPs and child nodes, in blob order. */
  items: (FdtImageToken | Node)[];
  /** False where the blob ends before END_NODE. */
  closed: boolean;
}

export interface Applied {
  readonly image: FdtImage;
  /** What the typed parts changed, one sentence each; empty when they agree with the image. */
  readonly changes: readonly string[];
  /** True when something other than the contents of equally long values changed: the blocks must be laid out anew. */
  readonly moved: boolean;
}

/**
 * @param before typed nodes that the image itself decodes to
 * @param after typed nodes wanted
 */
export function applyTyped(
  image: FdtImage,
  before: TypedNode,
  after: TypedNode,
  nameOf: (property: FdtImageToken & { kind: 'prop' }) => Uint8Array | undefined,
): Applied {
  const forest = grow(image.tokens);
  const root = forest.find(isNode);
  const changes: Changes = { sentences: [], moved: false, nameOf };
  if (root !== undefined) applyNode(root, before, after, '', changes);
  if (changes.sentences.length === 0) return { image, changes: [], moved: false };
  return { image: { ...image, tokens: flatten(forest) }, changes: changes.sentences, moved: changes.moved };
}

interface Changes {
  sentences: string[];
  moved: boolean;
  readonly nameOf: (property: FdtImageToken & { kind: 'prop' }) => Uint8Array | undefined;
}

function isNode(item: FdtImageToken | Node): item is Node {
  return 'items' in item;
}

function grow(tokens: FdtImageTokens): (FdtImageToken | Node)[] {
  const forest: (FdtImageToken | Node)[] = [];
  const open: Node[] = [];
  for (const token of tokens) {
    const parent = open.at(-1);
    const items = parent === undefined ? forest : parent.items;
    if (token.kind === 'node') {
      const node: Node = { name: token.name, items: [], closed: false };
      items.push(node);
      open.push(node);
    } else if (token.kind === 'end' && parent !== undefined) {
      parent.closed = true;
      open.pop();
    } else {
      items.push(token);
    }
  }
  return forest;
}

function flatten(forest: readonly (FdtImageToken | Node)[]): FdtImageToken[] {
  const tokens: FdtImageToken[] = [];
  const stack: { items: readonly (FdtImageToken | Node)[]; next: number; closed: boolean }[] = [
    { items: forest, next: 0, closed: false },
  ];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const item = top.items[top.next++];
    if (item === undefined) {
      if (top.closed) tokens.push({ kind: 'end' });
      stack.pop();
    } else if (isNode(item)) {
      tokens.push({ kind: 'node', name: item.name });
      stack.push({ items: item.items, next: 0, closed: item.closed });
    } else {
      tokens.push(item);
    }
  }
  return tokens;
}

/** Recurses as deep as the binding does, which is the depth of the typed nodes. */
function applyNode(node: Node, before: TypedNode, after: TypedNode, path: string, changes: Changes): void {
  applyProperties(node, before, after, path, changes);
  const typed = occurrences(after.children);
  const old = occurrences(before.children);
  // The first of each name: of names that repeat the last entry would count.
  const firsts = new Map(before.children.map((child) => [child.name, child] as const).reverse());
  const present = new Map<string, Node>();
  const seen = new Map<string, number>();
  for (const item of node.items) {
    if (!isNode(item)) continue;
    const name = decodeText(item.name);
    // A node with a foreign string has no typed form: it is none of the occurrences.
    if (isForeign(item, firsts.get(name), changes)) continue;
    present.set(occurrenceKey(name, seen), item);
  }
  const removed = new Set<Node>();
  for (const [key, child] of old) {
    const item = present.get(key);
    if (item === undefined || typed.has(key)) continue;
    removed.add(item);
    changes.sentences.push(`${path}/${child.name}: removed; the typed part does not have it`);
  }
  const added: { after: Node | undefined; node: Node }[] = [];
  let previous: Node | undefined;
  for (const [key, child] of typed) {
    let item = present.get(key);
    if (item === undefined) {
      item = made(child);
      added.push({ after: previous, node: item });
      changes.sentences.push(`${path}/${child.name}: added from the typed part`);
    } else {
      const known = old.get(key) ?? { ...child, properties: [], children: [] };
      applyNode(item, known, child, `${path}/${child.name}`, changes);
    }
    previous = item;
  }
  if (removed.size === 0 && added.length === 0) return;
  changes.moved = true;
  node.items = spliced(node.items, removed, added);
}

/** Whether an item has not the `compatible` string of the typed nodes of its name. */
function isForeign(item: Node, typed: TypedNode | undefined, { nameOf }: Changes): boolean {
  const wanted = typed?.properties.find(({ name }) => name === COMPATIBLE);
  if (wanted === undefined) return false;
  for (const property of item.items) {
    if (isNode(property) || property.kind !== 'prop') continue;
    const name = nameOf(property);
    if (name !== undefined && decodeText(name) === COMPATIBLE)
      return !includesString(property.value, wanted.value);
  }
  return true;
}

/** Whether a list of strings has one. */
function includesString(list: Uint8Array, string: Uint8Array): boolean {
  return compatibleStrings(list).includes(bytesToText(string).text);
}

/** `items` without the removed nodes, each added node after the one it follows (at the end when it is the first). */
function spliced(
  items: Node['items'],
  removed: ReadonlySet<Node>,
  added: readonly { after: Node | undefined; node: Node }[],
): Node['items'] {
  const following = new Map<Node | undefined, Node>();
  for (const { after, node } of added) following.set(after, node);
  const result: Node['items'] = [];
  const push = (item: Node | undefined): void => {
    for (let next = item; next !== undefined; next = following.get(next)) result.push(next);
  };
  for (const item of items) {
    if (!isNode(item)) result.push(item);
    else if (!removed.has(item)) push(item);
  }
  push(following.get(undefined));
  return result;
}

function applyProperties(
  node: Node,
  before: TypedNode,
  after: TypedNode,
  path: string,
  changes: Changes,
): void {
  const find = (name: string): number =>
    node.items.findIndex((item) => {
      if (isNode(item) || item.kind !== 'prop') return false;
      const bytes = changes.nameOf(item);
      return bytes !== undefined && decodeText(bytes) === name;
    });
  for (const { name } of before.properties) {
    const at = find(name);
    if (at < 0 || after.properties.some((property) => property.name === name)) continue;
    node.items.splice(at, 1);
    changes.sentences.push(`${path}/${name}: removed; the typed part does not have it`);
    changes.moved = true;
  }
  let lastProperty = -1;
  for (const { name, value } of after.properties) {
    const at = find(name);
    const item = node.items[at];
    if (item === undefined || isNode(item) || item.kind !== 'prop') {
      const encoded = new TextEncoder().encode(name);
      node.items.splice(lastProperty + 1, 0, { kind: 'prop', nameOffset: undefined, name: encoded, value });
      lastProperty++;
      changes.sentences.push(`${path}/${name}: added from the typed part`);
      changes.moved = true;
      continue;
    }
    lastProperty = at;
    if (equalBytes(item.value, value)) continue;
    // A list of strings that has the wanted one is as good, and stays as it is.
    if (name === COMPATIBLE && includesString(item.value, value)) continue;
    if (item.value.length !== value.length) changes.moved = true;
    node.items[at] = { ...item, value };
    changes.sentences.push(`${path}/${name}: fdt.tree differs; the typed value is used`);
  }
}

function made(typed: TypedNode): Node {
  const encoder = new TextEncoder();
  return {
    name: encoder.encode(typed.name),
    closed: true,
    items: [
      ...typed.properties.map(
        ({ name, value }) =>
          ({ kind: 'prop', nameOffset: undefined, name: encoder.encode(name), value }) as const,
      ),
      ...typed.children.map(made),
    ],
  };
}

/** Children by name and, among equal names, by position: `1`, `1#2`, … */
function occurrences(children: readonly TypedNode[]): Map<string, TypedNode> {
  const seen = new Map<string, number>();
  return new Map(children.map((child) => [occurrenceKey(child.name, seen), child]));
}

function occurrenceKey(name: string, seen: Map<string, number>): string {
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  // NUL cannot be in a node name, so no name looks like another one's second occurrence.
  return count === 1 ? name : `${name}\0${count}`;
}
