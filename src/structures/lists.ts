/** Elements of lists by their address. */
import type { Element, StructureList } from './model.js';

const indices = new WeakMap<object, ReadonlyMap<bigint, Element>>();

/** The element of a list at an address; the first of several. A list must not change afterwards. */
export function elementAt<T extends Element>(
  list: StructureList<T> | undefined,
  address: bigint,
): T | undefined {
  if (list === undefined) return undefined;
  let index = indices.get(list);
  if (index === undefined) {
    const made = new Map<bigint, Element>();
    for (const item of list.items) if (!made.has(item.address)) made.set(item.address, item);
    indices.set(list, made);
    index = made;
  }
  return index.get(address) as T | undefined;
}
