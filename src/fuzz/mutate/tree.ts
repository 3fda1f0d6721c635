/** Structure level in devicetree blobs: nodes and properties dropped, doubled, moved, renamed, resized. */
import { type FdtTree, parseFdt } from '../../fdt/parse.js';
import { nodeName, nodePath, propertyName, propertyValue } from '../../fdt/tree.js';
import { FdtToken } from '../../records/fdt.js';
import type { BlobInstance } from '../../references/instance.js';
import type { Random } from '../../synth/random.js';
import { expectTree } from '../expect/tree.js';
import type { Mutation, TreeEdit, TreePlace } from '../mutation.js';
import { type FuzzTarget, roomAt } from '../target.js';
import { editTree } from '../tree-edit.js';
import type { Mutator } from './context.js';

/** Edits a blob of the target. */
export const mutateTree: Mutator = ({ target, instances }, random) => {
  if (instances.blobs.length === 0) return undefined;
  const blob = random.pick(instances.blobs);
  const tree = parseFdt(blob.bytes);
  const places = placesOf(tree);
  if (places.length === 0) return undefined;
  const token = random.pick(places);
  const edit = editOf(tree, token, random);
  if (edit === undefined || !fits(target, blob, tree, edit)) return undefined;
  return mutation(target, blob, edit, wordsOf(tree, token, edit, blob));
};

function mutation(target: FuzzTarget, blob: BlobInstance, edit: TreeEdit, words: string): Mutation {
  return {
    level: 'structure',
    words,
    changes: [{ kind: 'tree', blob: blob.address, edit }],
    expect: expectTree(target, blob, edit),
  };
}

/** Nodes but for the root, and properties; as often as each other. */
function placesOf(tree: FdtTree): number[] {
  const nodes: number[] = [];
  const properties: number[] = [];
  for (let i = 1; i < tree.count; i++) {
    if (tree.kind[i] === FdtToken.beginNode) nodes.push(i);
    else if (tree.kind[i] === FdtToken.prop && propertyName(tree, i) !== undefined) properties.push(i);
  }
  return [...nodes, ...properties];
}

function editOf(tree: FdtTree, token: number, random: Random): TreeEdit | undefined {
  const isNode = tree.kind[token] === FdtToken.beginNode;
  const at = placeOf(tree, token, isNode);
  switch (random.below(6)) {
    case 0:
      return { op: 'drop', at };
    case 1:
      return { op: 'duplicate', at };
    case 2:
      return { op: random.pick(['first', 'last'] as const), at };
    case 3:
      if (isNode) return { op: 'rename', at, name: otherName(nodeName(tree, token) ?? '', random) };
      break;
    default:
  }
  if (isNode) return { op: 'drop', at };
  const value = propertyValue(tree, token) ?? new Uint8Array(0);
  const made = otherValue(value, random);
  return { op: 'value', at, value: made };
}

function placeOf(tree: FdtTree, token: number, isNode: boolean): TreePlace {
  const name = isNode ? undefined : propertyName(tree, token);
  const path = nodePath(tree, isNode ? token : (tree.parent[token] ?? -1));
  return name === undefined ? { path } : { path, property: name };
}

function otherName(name: string, random: Random): string {
  switch (random.below(4)) {
    case 0:
      return `${name}x`;
    case 1:
      return '';
    case 2:
      return /^\d+$/.test(name) ? `0${name}` : 'a,b';
    default:
      return /^\d+$/.test(name) ? String(Number(name.slice(0, 9)) + 1) : 'LUO2';
  }
}

/** Cut, empty, longer, doubled. */
function otherValue(value: Uint8Array, random: Random): Uint8Array {
  switch (random.below(4)) {
    case 0:
      return value.slice(0, random.below(Math.max(1, value.length)));
    case 1:
      return new Uint8Array(0);
    case 2: {
      const longer = new Uint8Array(value.length + random.pick([1, 4, 8, 16]));
      longer.set(value);
      return longer;
    }
    default: {
      const doubled = new Uint8Array(value.length * 2);
      doubled.set(value);
      doubled.set(value, value.length);
      return doubled;
    }
  }
}

/** The edit does something, and its result fits the pages of the blob. */
function fits(target: FuzzTarget, { address, bytes }: BlobInstance, tree: FdtTree, edit: TreeEdit): boolean {
  const edited = editTree(tree, edit);
  if (
    edited === undefined ||
    (edited.length === bytes.length && edited.every((byte, i) => byte === bytes[i]))
  )
    return false;
  if (target.form === 'blob') return true;
  return edited.length <= roomAt(target, address, bytes.length);
}

function wordsOf(tree: FdtTree, token: number, edit: TreeEdit, { rider }: BlobInstance): string {
  const { path, property } = edit.at;
  const where = `${rider === undefined ? '' : `${rider}: `}${property === undefined ? `node ${path}` : `${path} ${property}`}`;
  switch (edit.op) {
    case 'drop':
      return `${where} dropped`;
    case 'duplicate':
      return `${where} duplicated`;
    case 'first':
      return `${where} moved before its siblings`;
    case 'last':
      return `${where} moved after its siblings`;
    case 'rename':
      return `${where} renamed to "${edit.name}"`;
    case 'value':
      return `${where}: ${tree.length[token] ?? 0} bytes -> ${edit.value.length} bytes`;
  }
}
