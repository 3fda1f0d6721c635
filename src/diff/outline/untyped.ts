/** Nodes and properties of a devicetree blob that the typed model does not have, by path and name. */

import { childBinding, compatibleStrings } from '../../decode/bind.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findProperty, nodeName, propertyName, propertyValue } from '../../fdt/tree.js';
import { FdtToken } from '../../records/fdt.js';
import type { Place } from '../../references/place.js';
import { ownVersion } from '../../schema/composite.js';
import type { NodeBinding, PropertyBinding } from '../../structures/tree.js';
import type { Entity } from '../entity.js';
import { childPath, type NodePath, nodeKey, propertyKey, ROOT_PATH } from './path-key.js';

const NOTHING = new Uint8Array(0);

/** What of an open node is typed. */
interface Typed {
  readonly binding: NodeBinding;
  /** Bound names that were met in it: of several equal ones the model has the first. */
  readonly properties: Set<string>;
  readonly children: Set<NodeBinding>;
  /** How many children of a list that has a limit were met. */
  listed: number;
}

/** A node that is open while the tokens are gone through. */
interface Open {
  readonly at: NodePath;
  /** Undefined for a node that nothing is known of: a blob may open a million of them. */
  readonly typed: Typed | undefined;
}

/**
 * The untyped part of a tree, in blob order.
 *
 * @param binding of the root; undefined when nothing of the tree is typed
 * @param secret the values may hold seeds (a device tree that a kernel was booted with)
 */
export function* untypedEntities(
  tree: FdtTree,
  binding: NodeBinding | undefined,
  place: Place,
  secret: boolean,
): Generator<Entity> {
  const stack: Open[] = [];
  for (let token = 0; token < tree.count; token++) {
    const kind = tree.kind[token];
    const above = stack.at(-1);
    if (kind === FdtToken.endNode) stack.pop();
    else if (kind === FdtToken.beginNode) {
      const name = nodeName(tree, token) ?? '';
      const at = above === undefined ? ROOT_PATH : childPath(above.at, name);
      const bound = above === undefined ? binding : boundChild(tree, token, name, above.typed);
      stack.push({ at, typed: bound === undefined ? undefined : typedOf(bound) });
      if (bound === undefined && above !== undefined) {
        yield { place: { ...place, fdtPath: at.path }, key: nodeKey(at), fields: [] };
      }
    } else if (kind === FdtToken.prop && above !== undefined) {
      const property = propertyName(tree, token) ?? '';
      const value = propertyValue(tree, token) ?? NOTHING;
      if (isTyped(above.typed, property, value)) continue;
      yield {
        place: { ...place, fdtPath: above.at.path, property },
        key: propertyKey(above.at, property),
        fields: [secret ? { name: 'value', value, secret } : { name: 'value', value }],
      };
    }
  }
}

function typedOf(binding: NodeBinding): Typed {
  return { binding, properties: new Set(), children: new Set(), listed: 0 };
}

/** The binding of a child that the model has, by the same rules as the decoder's. */
function boundChild(
  tree: FdtTree,
  node: number,
  name: string,
  above: Typed | undefined,
): NodeBinding | undefined {
  const bound = above === undefined ? undefined : childBinding(above.binding, name);
  if (above === undefined || bound === undefined) return undefined;
  if (!('list' in bound.place)) {
    if (above.children.has(bound)) return undefined;
    above.children.add(bound);
  } else if (bound.place.most !== undefined && ++above.listed > bound.place.most) return undefined;
  if (bound.compatible === undefined) return bound;
  const property = findProperty(tree, node, 'compatible');
  const strings = property < 0 ? [] : compatibleStrings(propertyValue(tree, property) ?? NOTHING);
  return strings.map(ownVersion).includes(bound.compatible) ? bound : undefined;
}

/** Whether the model has a property; notes that it was met. */
function isTyped(typed: Typed | undefined, name: string, value: Uint8Array): boolean {
  if (typed === undefined) return false;
  const { binding, properties } = typed;
  const bound = binding.properties.find(({ property }) => property === name);
  // A version is told as such where it is; that of the binding itself says nothing more.
  const isVersion = name === 'compatible' && binding.compatible !== undefined;
  // Other names are not noted, as there may be a million of them.
  if ((bound === undefined && !isVersion) || properties.has(name)) return false;
  properties.add(name);
  if (isVersion) {
    const strings = compatibleStrings(value);
    return strings.length === 1 && strings[0] === binding.compatible;
  }
  return bound !== undefined && fits(bound, value);
}

function fits({ record, shape }: PropertyBinding, { length }: Uint8Array): boolean {
  const { size = 0 } = record;
  return shape === 'records' ? length % size === 0 : length === size;
}
