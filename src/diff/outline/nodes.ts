/** Nodes of a tree as named things with fields, and what they lead to, along their bindings. Knows no structure by name. */
import type { Place } from '../../references/place.js';
import { beforeNul, bytesToHex } from '../../schema/text.js';
import { fieldKey, type Model } from '../../structures/structure.js';
import { type NodeBinding, nodeName, nodeNames, nodePlace, tableLevels } from '../../structures/tree.js';
import { type TreeMemory, tableOf } from '../../structures/tree-memory.js';
import type { Entity, List } from '../entity.js';
import { comparedField } from './compared.js';
import { mappingList } from './mapping.js';

import type { StructureContext } from './structures.js';

/** The lists of the nodes that a root has, each for itself; they may lack what a tree that breaks off lacks. */
export function nodeLists(context: StructureContext, root: NodeBinding, partial: boolean): List[] {
  return listsOf(context, root, context.handover as unknown as Model, undefined).map((list) => ({
    ...list,
    partial,
  }));
}

/** Containers of a root that may be empty, by the name of their node and the list that it has. */
export function emptyContainers(
  { children }: NodeBinding,
  model: object,
): { readonly name: string; readonly list: unknown }[] {
  return children.flatMap(({ name, place, children: [inner] }) => {
    const list = inner?.children[0]?.place;
    if (!('merge' in place) || list === undefined || !('list' in list) || !('literal' in name)) return [];
    return [{ name: name.literal, list: (model as Model)[list.list] }];
  });
}

/** The lists below a node; of nodes that are not told by themselves those below these. */
function listsOf(
  context: StructureContext,
  { children }: NodeBinding,
  model: Model | undefined,
  above: Place | undefined,
): List[] {
  return children.flatMap((binding): List[] => {
    const { place: own, compared, part } = binding;
    if ('merge' in own) return listsOf(context, binding, model, above);
    const name = 'object' in own ? own.object : own.list;
    const found = model?.[name];
    if (compared === undefined) return listsOf(context, binding, found as Model | undefined, above);
    // Without a part it is below a node that has one.
    const place = part === undefined ? (above as Place) : { ...above, part };
    const nodes =
      'list' in own ? ((found ?? []) as readonly Model[]) : found === undefined ? [] : [found as Model];
    return [
      {
        name,
        place,
        entities: {
          *[Symbol.iterator]() {
            for (const node of nodes) yield nodeEntity(context, binding, node, above);
          },
        },
      },
    ];
  });
}

function nodeEntity(
  context: StructureContext,
  binding: NodeBinding,
  model: Model,
  above: Place | undefined,
): Entity {
  // Keys of a node's place are those of any.
  const place = nodePlace(binding, model, above ?? {}) as unknown as Place;
  const { compared = [], memory } = binding;
  const lists = [
    ...listsOf(context, binding, model, place),
    ...(memory === undefined ? [] : [entryList(memory, model, place)]),
    ...mappingLists(context, binding, model, place),
  ];
  return {
    place,
    key: nodeNames(binding, model)?.join(':') ?? `node ${nodeName(model)}`,
    fields: compared.map((each) => comparedField(each, model)),
    ...(lists.length === 0 ? {} : { lists }),
  };
}

/** Entries by their names; they need the memory of the blob, and are a gap without it. */
function entryList(memory: TreeMemory, node: Model, place: Place): List {
  const { key, named, element, compared } = tableOf(memory).used;
  const entries = node[key] as readonly Model[] | undefined;
  if (entries === undefined) return { name: key, place };
  const naming = fieldKey(element, element.naming ?? '');
  return {
    name: key,
    place,
    entities: entries.map((entry) => {
      const name = beforeNul(entry[naming] as Uint8Array);
      return {
        place: { ...place, [named]: name },
        key: bytesToHex(name),
        fields: compared.map((each) => comparedField(each, entry)),
      };
    }),
  };
}

function mappingLists(
  { handover: { memory }, owners, strict }: StructureContext,
  { tables }: NodeBinding,
  model: Model,
  place: Place,
): List[] {
  if (tables === undefined) return [];
  const root = model[tables.root] as bigint | undefined;
  const levels = tableLevels(tables, model);
  const known = memory !== undefined && root !== undefined && levels !== undefined;
  return [mappingList(place, known ? { memory, root, levels } : undefined, owners, strict)];
}
