/** Nodes of a tree as plain values for JSON, along their binding. Knows no structure by name. */
import type { NodeBinding } from '../structures/tree.js';
import type { TreeMemory } from '../structures/tree-memory.js';

type Json = { [key: string]: unknown };

/** How a document has the lists of nodes, and what is below them. */
export interface TreeJsonOptions {
  /** Lists whose nodes are just numbered in order: where the position says the number, it is left out. */
  readonly numbered?: readonly string[];
  /** Keys of what a node leads to in memory. */
  memory?(binding: TreeMemory, node: Json): Json;
}

/**
 * The keys of a node's object in the model; what it does not have is undefined.
 */
export function treeJson(binding: NodeBinding, node: object, options: TreeJsonOptions = {}): Json {
  const { name, place: own, properties, children, compatible } = binding;
  const source = node as Json;
  const json: Json = {};
  const keys = 'key' in name ? [name.key, 'nodeName'] : [];
  for (const key of [...keys, ...properties.map((property) => property.key)]) json[key] = source[key];
  if (compatible !== undefined && 'list' in own) json.compatible = source.compatible;
  for (const child of children) {
    const { place, name: called } = child;
    if ('merge' in place) Object.assign(json, treeJson(child, source, options));
    else if ('object' in place) {
      const object = source[place.object];
      json[place.object] = object === undefined ? undefined : treeJson(child, object as Json, options);
    } else {
      const list = source[place.list] as readonly Json[] | undefined;
      json[place.list] = list?.map((each, i) => {
        const item = treeJson(child, each, options);
        if ('key' in called && options.numbered?.includes(place.list) === true && item[called.key] === i)
          item[called.key] = undefined;
        return item;
      });
    }
  }
  return binding.memory === undefined ? json : { ...json, ...options.memory?.(binding.memory, source) };
}
