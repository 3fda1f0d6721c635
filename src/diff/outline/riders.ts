/** Riders as named things with fields, along their bindings. Knows no rider by name. */
import { missingOf } from '../../abi/missing.js';
import type { Place } from '../../references/place.js';
import type { Rider, RiderOutline, TaggedList } from '../../structures/rider.js';
import type { Model } from '../../structures/structure.js';
import { type Entity, field, type List, strictField } from '../entity.js';
import { comparedField } from './compared.js';
import { keptList, type StructureContext } from './structures.js';

/** What a rider says, the same for every version of its ABI. */
export function riderEntity(rider: Rider, part: Model, context: StructureContext): Entity {
  const { outline } = rider;
  const place: Place = { part: outline.part };
  const { lists = [], tagged } = rider.formOf(part);
  const partial = missingOf(context.handover, [rider.part]) !== undefined;
  const own: readonly List[] = [
    ...lists.map((list) => keptList(context, list, part, place, partial)),
    ...(outline.nodes === undefined ? [] : [nodeList(outline.nodes, part, place)]),
    ...(tagged === undefined ? [] : [taggedList(tagged, part, place)]),
  ];
  return {
    place,
    key: outline.part,
    fields: outline.fields.map((each) => comparedField(each, part)),
    ...(own.length === 0 ? {} : { lists: own }),
  };
}

function nodeList(
  { key, naming, place: kind, fields }: NonNullable<RiderOutline['nodes']>,
  part: Model,
  place: Place,
): List {
  return {
    name: key,
    place,
    entities: (part[key] as readonly Model[]).map((node) => {
      const name = (node[naming] ?? '') as string;
      return {
        place: { ...place, [kind]: name },
        key: name,
        fields: fields.map((each) => comparedField(each, node)),
      };
    }),
  };
}

/** A list by position; it may be longer than what the dump has of it. */
function taggedList({ key, count, tag, address }: TaggedList, part: Model, place: Place): List {
  const items = part[key] as (Iterable<Model> & { readonly length: number }) | undefined;
  const stated = part[count] as number | undefined;
  if (items === undefined || (items.length === 0 && stated !== 0)) return { name: key, place };
  return {
    name: key,
    place,
    partial: items.length < (stated ?? 0),
    entities: {
      *[Symbol.iterator]() {
        let index = 0;
        for (const item of items) {
          yield {
            place: { ...place, index },
            key: `${index++}`,
            fields: [field(tag, item[tag] as number, 'count'), strictField(address, item[address] as bigint)],
          };
        }
      },
    },
  };
}
