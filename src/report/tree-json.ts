/** Nodes of a tree as plain values for JSON, along their binding. Knows no structure by name. */
import type { NodeBinding } from '../structures/tree.js';

type Json = { [key: string]: unknown };

/**
 * The keys of a node's object in the model; what it does not have is undefined.
 *
 * @param numbered lists whose nodes are just numbered in order: where the position says the number, it is left out
 */
export function treeJson(binding: NodeBinding, node: object, numbered: readonly string[] = []): Json {
  const { name, place: own, properties, children, compatible } = binding;
  const source = node as Json;
  const json: Json = {};
  const keys = 'key' in name ? [name.key, 'nodeName'] : [];
  for (const key of [...keys, ...properties.map((property) => property.key)]) json[key] = source[key];
  if (compatible !== undefined && 'list' in own) json.compatible = source.compatible;
  for (const child of children) {
    const { place, name: called } = child;
    if ('merge' in place) Object.assign(json, treeJson(child, source, numbered));
    else if ('object' in place) {
      const object = source[place.object];
      json[place.object] = object === undefined ? undefined : treeJson(child, object as Json, numbered);
    } else {
      const list = source[place.list] as readonly Json[] | undefined;
      json[place.list] = list?.map((each, i) => {
        const item = treeJson(child, each, numbered);
        if ('key' in called && numbered.includes(place.list) && item[called.key] === i)
          item[called.key] = undefined;
        return item;
      });
    }
  }
  return json;
}
