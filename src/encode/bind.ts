/** Writes the typed model by its binding: the nodes and properties that the kernel's writer would emit. */

import { nameFromNumber } from '../abi/names.js';
import type { RecordView } from '../abi/record-view.js';
import type { NodeBinding, PropertyBinding } from '../structures/tree.js';

/** A node as the writer emits it: properties first, then children, each in writing order. */
export interface TypedNode {
  readonly name: string;
  readonly properties: readonly { readonly name: string; readonly value: Uint8Array }[];
  readonly children: readonly TypedNode[];
}

type Source = { readonly [key: string]: unknown };

/**
 * The typed nodes of `model`. A container is emitted when the model holds any key that lives in it, so
 * an absent part stays absent and an empty list stays an empty container.
 *
 * @throws RangeError when a value does not fit its field (the message names the field)
 */
export function typedTree(binding: NodeBinding, model: Source): TypedNode {
  return typedNode(binding, '', model);
}

function typedNode(binding: NodeBinding, name: string, source: Source): TypedNode {
  const properties: { name: string; value: Uint8Array }[] = [];
  if (binding.compatible !== undefined) {
    properties.push({ name: 'compatible', value: nulTerminated(binding.compatible) });
  }
  for (const property of binding.properties) {
    const value = source[property.key];
    if (value !== undefined)
      properties.push({ name: property.property, value: propertyBytes(property, value) });
  }
  return { name, properties, children: binding.children.flatMap((child) => typedChildren(child, source)) };
}

function typedChildren(binding: NodeBinding, source: Source): TypedNode[] {
  const { place } = binding;
  if ('list' in place) {
    const items = source[place.list] as readonly Source[] | undefined;
    return (items ?? []).map((item) => typedNode(binding, itemName(binding, item), item));
  }
  const name = 'literal' in binding.name ? binding.name.literal : '';
  if ('object' in place) {
    const object = source[place.object] as Source | undefined;
    return object === undefined ? [] : [typedNode(binding, name, object)];
  }
  return holdsAny(binding, source) ? [typedNode(binding, name, source)] : [];
}

function itemName(binding: NodeBinding, item: Source): string {
  const { name } = binding;
  if ('literal' in name) return name.literal;
  if (typeof item.nodeName === 'string') return item.nodeName;
  const key = item[name.key];
  if ('any' in name) return String(key ?? '');
  if (typeof key === 'bigint' || typeof key === 'number') return nameFromNumber(name, key);
  throw new RangeError(
    `a ${'list' in binding.place ? binding.place.list : ''} element has neither ${name.key} nor nodeName`,
  );
}

/** True when the object holds a key of this node or of a node merged into the same object. */
function holdsAny(binding: NodeBinding, source: Source): boolean {
  if (binding.properties.some((property) => source[property.key] !== undefined)) return true;
  return binding.children.some((child) => {
    if ('list' in child.place) return source[child.place.list] !== undefined;
    if ('object' in child.place) return source[child.place.object] !== undefined;
    return holdsAny(child, source);
  });
}

function propertyBytes(binding: PropertyBinding, value: unknown): Uint8Array {
  if (binding.shape === 'records') return (value as RecordView<unknown>).bytes;
  const { size, write } = binding.record;
  if (size === undefined || write === undefined)
    throw new TypeError(`${binding.record.name} has no fixed size`);
  const bytes = new Uint8Array(size);
  const record = binding.shape === 'value' ? { value } : value;
  // The binding pairs each key with the record that its value was read by.
  write(new DataView(bytes.buffer), 0, record as never);
  return bytes;
}

function nulTerminated(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const result = new Uint8Array(bytes.length + 1);
  result.set(bytes);
  return result;
}
