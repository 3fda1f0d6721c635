/** Reads a tree by its binding: nodes and properties → the typed model. */

import type { Diagnostic, Origin } from '../abi/model.js';
import { nameFromNumber, numberFromName } from '../abi/names.js';
import { recordView } from '../abi/record-view.js';
import type { FdtTree } from '../fdt/parse.js';
import { children, findProperty, nodeName, nodePath, propertyValue } from '../fdt/tree.js';
import { ownVersion } from '../schema/composite.js';
import { bytesToText } from '../schema/text.js';
import type { NodeBinding, PropertyBinding } from '../structures/tree.js';

const NOTHING = new Uint8Array(0);

/** A model object under construction; keys are those of the binding. */
export type ModelObject = { origin?: Origin; nodeName?: string; [key: string]: unknown };

/**
 * Fills `target` with what `node` holds according to `binding`.
 *
 * Never throws on bad data: a property of the wrong size is left out, a node with a foreign
 * `compatible` stays opaque, and both are reported. The depth of the recursion is that of the
 * binding, not of the tree.
 *
 * @param node token index of the BEGIN_NODE
 */
export function bindNode(
  tree: FdtTree,
  node: number,
  binding: NodeBinding,
  target: ModelObject,
  diagnostics: Diagnostic[],
): void {
  for (const property of binding.properties) bindProperty(tree, node, property, target, diagnostics);
  for (const child of binding.children) {
    if ('list' in child.place) target[child.place.list] ??= [];
  }
  if (binding.children.length === 0) return;
  const seen = new Set<NodeBinding>();
  let listed = 0;
  for (const child of children(tree, node)) {
    const name = nodeName(tree, child);
    const bound = name === undefined ? undefined : childBinding(binding, name);
    if (name === undefined || bound === undefined) continue;
    if (!('list' in bound.place)) {
      // Lookups by path take the first of several equal names (libfdt), and so does the model.
      if (seen.has(bound)) continue;
      seen.add(bound);
    } else if (bound.place.most !== undefined && ++listed > bound.place.most) {
      diagnostics.push({
        code: 'too-many-nodes',
        message: `${nodePath(tree, node)} has more children than a kernel can have written: what follows the first ${bound.place.most} is not decoded`,
        location: { fdtPath: nodePath(tree, node) },
      });
      break;
    }
    if (!isCompatible(tree, child, bound, diagnostics)) continue;
    const object = place(tree, child, name, bound, target, diagnostics);
    bindNode(tree, child, bound, object, diagnostics);
    keepName(object, name, bound);
  }
}

/** The binding that a child of this name has: a literal one, else the patterned one. */
export function childBinding(binding: NodeBinding, name: string): NodeBinding | undefined {
  let pattern: NodeBinding | undefined;
  for (const child of binding.children) {
    if (!('literal' in child.name)) pattern = child;
    else if (child.name.literal === name) return child;
  }
  return pattern;
}

function isCompatible(tree: FdtTree, node: number, binding: NodeBinding, diagnostics: Diagnostic[]): boolean {
  if (binding.compatible === undefined) return true;
  const property = findProperty(tree, node, 'compatible');
  const fdtPath = nodePath(tree, node);
  if (property < 0) {
    diagnostics.push({
      code: 'compatible-missing',
      message: `${fdtPath} has no compatible property (expected "${binding.compatible}"); its contents are not decoded`,
      location: { fdtPath, property: 'compatible' },
    });
    return false;
  }
  const strings = compatibleStrings(propertyValue(tree, property) ?? NOTHING);
  if (strings.map(ownVersion).includes(binding.compatible)) return true;
  diagnostics.push({
    code: 'compatible-unknown',
    message: `${fdtPath} is "${strings.join('", "')}", not "${binding.compatible}"; its contents are kept as bytes`,
    location: { fdtPath, property: 'compatible' },
  });
  return false;
}

/** The strings of a `compatible` value; bytes after the last NUL count as a string of their own. */
export function compatibleStrings(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 0) continue;
    if (i > start || i < bytes.length) strings.push(bytesToText(bytes.subarray(start, i)).text);
    start = i + 1;
  }
  return strings;
}

/** The object that a child's keys go into, made and linked as the binding says. */
function place(
  tree: FdtTree,
  node: number,
  name: string,
  binding: NodeBinding,
  parent: ModelObject,
  diagnostics: Diagnostic[],
): ModelObject {
  if ('merge' in binding.place) return parent;
  const fdtPath = nodePath(tree, node);
  const object: ModelObject = { origin: { fdtPath, token: node } };
  if ('object' in binding.place) {
    parent[binding.place.object] = object;
    return object;
  }
  if ('number' in binding.name) {
    const { key } = binding.name;
    const number = numberFromName(binding.name, name);
    if (number === undefined) {
      diagnostics.push({
        code: 'node-name-not-a-number',
        message: `${fdtPath}: the name should be a canonical ${binding.name.number} number`,
        location: { fdtPath },
      });
    } else if (!binding.properties.some((property) => property.key === key)) {
      object[key] = number;
    }
  } else if ('any' in binding.name) {
    object[binding.name.key] = name;
  }
  if (binding.told === true) object.compatible = binding.compatible;
  (parent[binding.place.list] as ModelObject[]).push(object);
  return object;
}

/** Keeps a numbered node's name where the model's number does not already say it. */
function keepName(object: ModelObject, name: string, { name: pattern }: NodeBinding): void {
  if (!('number' in pattern)) return;
  const number = object[pattern.key];
  const canonical = typeof number === 'bigint' || typeof number === 'number';
  if (!canonical || nameFromNumber(pattern, number) !== name) object.nodeName = name;
}

function bindProperty(
  tree: FdtTree,
  node: number,
  binding: PropertyBinding,
  target: ModelObject,
  diagnostics: Diagnostic[],
): void {
  const token = findProperty(tree, node, binding.property);
  if (token < 0) return;
  const bytes = propertyValue(tree, token) ?? NOTHING;
  const { size, read } = binding.record;
  if (size === undefined || read === undefined)
    throw new TypeError(`${binding.record.name} has no fixed size`);
  const wrong = (expected: string): void => {
    const fdtPath = nodePath(tree, node);
    diagnostics.push({
      code: 'property-size',
      message: `${fdtPath}/${binding.property} has ${bytes.length} bytes, expected ${expected}`,
      location: { fdtPath, property: binding.property },
    });
  };
  if (binding.shape === 'records') {
    if (bytes.length % size !== 0) {
      wrong(`a multiple of ${size}`);
      return;
    }
    target[binding.key] = recordView(binding.record, bytes);
    return;
  }
  if (bytes.length !== size) {
    wrong(`${size}`);
    return;
  }
  const record: unknown = read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  target[binding.key] = binding.shape === 'value' ? (record as { value: unknown }).value : record;
}
