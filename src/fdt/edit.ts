/**
 * Editing a blob the way libfdt's read-write calls do (libfdt fdt_rw.c), with the same bytes as result but for one thing:
 * libfdt leaves old bytes in the padding of values whose length is not a multiple of 4, here padding is zero.
 */

import { FDT_HEADER_SIZE } from '../records/fdt.js';
import { type FdtImageToken, type FdtImageTokens, fromImage, toImage } from './image.js';
import { relayout } from './image-layout.js';
import type { FdtTree } from './parse.js';
import { createStringsBlock } from './strings.js';
import { propertyNameBytes } from './tree.js';

/** A node while it is edited. */
export interface FdtEditNode {
  readonly name: Uint8Array;
  readonly properties: { readonly name: Uint8Array; readonly nameOffset: number; value: Uint8Array }[];
  readonly subnodes: FdtEditNode[];
}

/** Edits one tree. The kernel from 6.19 on makes the outgoing tree so: written once, then edited and packed. */
export interface FdtEditor {
  readonly root: FdtEditNode;
  /** `fdt_add_subnode`: the new node is in front of its older siblings. Throws when the name is taken. */
  addSubnode(parent: FdtEditNode, name: string): FdtEditNode;
  /** `fdt_setprop`: a property that is there keeps its place, a new one goes in front of the node's others. */
  setProperty(node: FdtEditNode, name: string, value: Uint8Array): void;
  /** `fdt_pack`: reserve map at 40, then structure and strings block without room between. May be called again. */
  pack(): Uint8Array;
}

/**
 * Opens a parsed blob for editing.
 * @throws Error when the tree has diagnostics that keep it from being one whole tree, or NOPs (which fdt_rw would keep)
 */
export function createFdtEditor(tree: FdtTree): FdtEditor {
  const image = toImage(tree);
  const { header } = image;
  if (header === undefined || !tree.complete) throw new Error('only a complete blob can be edited');
  const root = nodesOf(tree, image.tokens);
  const strings = createStringsBlock(image.strings);
  const encoder = new TextEncoder();

  function nameBytes(name: string): Uint8Array {
    const bytes = encoder.encode(name);
    if (bytes.includes(0)) throw new Error('a devicetree name cannot contain a NUL');
    return bytes;
  }

  return {
    root,
    addSubnode(parent, name) {
      const bytes = nameBytes(name);
      if (parent.subnodes.some((each) => equal(each.name, bytes)))
        throw new Error(`there already is a subnode ${name}`);
      const node: FdtEditNode = { name: bytes, properties: [], subnodes: [] };
      parent.subnodes.unshift(node);
      return node;
    },
    setProperty(node, name, value) {
      const bytes = nameBytes(name);
      const known = node.properties.find((each) => equal(each.name, bytes));
      if (known !== undefined) known.value = value.slice();
      else node.properties.unshift({ name: bytes, nameOffset: strings.place(bytes), value: value.slice() });
    },
    pack() {
      const packed = {
        ...header,
        offMemRsvmap: FDT_HEADER_SIZE,
        // only the order counts: relayout() puts them after each other
        offDtStruct: FDT_HEADER_SIZE + 1,
        offDtStrings: FDT_HEADER_SIZE + 2,
      };
      return fromImage(
        relayout({ ...image, header: packed, strings: strings.bytes(), tokens: tokensOf(root), gaps: [] }),
      );
    },
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function nodesOf(tree: FdtTree, tokens: FdtImageTokens): FdtEditNode {
  const outside: FdtEditNode = { name: new Uint8Array(0), properties: [], subnodes: [] };
  const open = [outside];
  let i = -1;
  for (const token of tokens) {
    i++;
    const node = open.at(-1);
    if (token.kind === 'end') open.pop();
    else if (token.kind === 'node') {
      const child: FdtEditNode = { name: token.name.slice(), properties: [], subnodes: [] };
      node?.subnodes.push(child);
      open.push(child);
    } else if (token.kind === 'prop' && token.nameOffset !== undefined) {
      if (node === undefined || node === outside || node.subnodes.length > 0) {
        throw new Error(`token ${i}: a property where no reader looks`);
      }
      const name = propertyNameBytes(tree, i);
      if (name === undefined) throw new Error(`token ${i}: a property with an unreadable name`);
      node.properties.push({ name: name.slice(), nameOffset: token.nameOffset, value: token.value.slice() });
    } else {
      throw new Error(`token ${i}: a ${token.kind} cannot be edited around`);
    }
  }
  const [root] = outside.subnodes;
  if (root === undefined || outside.subnodes.length > 1 || open.length !== 1) {
    throw new Error('a blob without exactly one whole tree cannot be edited');
  }
  return root;
}

function tokensOf(root: FdtEditNode): FdtImageToken[] {
  const tokens: FdtImageToken[] = [];
  // undefined closes a node; the stack keeps siblings in reverse order
  const stack: (FdtEditNode | undefined)[] = [root];
  while (stack.length > 0) {
    const node = stack.pop();
    if (node === undefined) {
      tokens.push({ kind: 'end' });
      continue;
    }
    tokens.push({ kind: 'node', name: node.name });
    for (const { nameOffset, value } of node.properties) tokens.push({ kind: 'prop', nameOffset, value });
    stack.push(undefined);
    for (let i = node.subnodes.length - 1; i >= 0; i--) stack.push(node.subnodes[i]);
  }
  return tokens;
}
