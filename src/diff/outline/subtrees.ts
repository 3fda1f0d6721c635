/** The children of an upstream root: subsystems by name, each with what its blob says. */

import type { Subtree } from '../../abi/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import type { Place } from '../../references/place.js';
import { heldTree, RIDERS } from '../../structures/riders.js';
import { moreOfChild } from '../../structures/root/tree.js';
import type { Model } from '../../structures/structure.js';
import type { NodeBinding } from '../../structures/tree.js';
import { type Entity, field, type List, strictField } from '../entity.js';
import { riderEntity } from './riders.js';
import { heldOutline, type StructureContext } from './structures.js';
import { untypedEntities } from './untyped.js';

/** A rider that the model has in typed form. */
interface Typed {
  readonly entity: Entity;
  readonly address: bigint | undefined;
  /** What of its blob is typed, where that is a tree. */
  readonly binding?: NodeBinding;
}

function typedRiders(context: StructureContext): Typed[] {
  return RIDERS.flatMap((rider): Typed[] => {
    const part = context.handover[rider.key];
    if (part === undefined) return [];
    const binding = heldTree(context.handover, rider.name)?.binding.root;
    return [
      {
        entity: riderEntity(rider, part as unknown as Model, context),
        address: part.origin?.address,
        ...(binding === undefined ? {} : { binding }),
      },
    ];
  });
}

/** The lists of a handover's subsystems; of a rider on its own, that rider. */
export function subtreeLists(context: StructureContext): List[] {
  const { handover } = context;
  const place: Place = { part: 'subtree' };
  const riders = typedRiders(context);
  const { subtrees } = handover;
  if (subtrees === undefined) {
    if (handover.kind !== 'rider') return [];
    return [
      { name: 'contents', place, entities: riders.flatMap((rider) => typedContents(rider, handover.tree)) },
    ];
  }
  const entities = subtreeEntities(subtrees, riders, context);
  return [{ name: 'subtrees', place, entities, partial: handover.tree?.complete === false }];
}

function* subtreeEntities(
  subtrees: readonly Subtree[],
  riders: readonly Typed[],
  context: StructureContext,
): Generator<Entity> {
  const claimed = new Set<Typed>();
  for (const subtree of subtrees) {
    const typed =
      subtree.known === true
        ? riders.find((rider) => rider.address === subtree.address && !claimed.has(rider))
        : undefined;
    if (typed !== undefined) claimed.add(typed);
    yield subtreeEntity(subtree, typed, context);
  }
}

function subtreeEntity(subtree: Subtree, typed: Typed | undefined, context: StructureContext): Entity {
  const { name = '', address, size, blob } = subtree;
  const place: Place = { part: 'subtree', subtree: name };
  const contents =
    typed === undefined ? untypedContents(subtree, place, context) : typedContents(typed, subtree.tree);
  return {
    place,
    key: name,
    fields: [
      strictField('preserved-data', address),
      strictField('blob-size', size, 'size'),
      ...moreOfChild(subtree).map(({ property, value }) => field(property, value)),
      strictField('blob', blob ?? null),
    ],
    // The blob is whole or not there, wherever the root tree breaks off.
    lists: [
      { name: 'contents', place, partial: false, ...(contents === undefined ? {} : { entities: contents }) },
    ],
  };
}

/** The typed entity, and beside it what its tree has that is not typed. */
function typedContents({ entity, binding }: Typed, tree: FdtTree | undefined): Entity[] {
  if (tree === undefined || binding === undefined) return [entity];
  return [entity, ...untypedEntities(tree, binding, entity.place, false)];
}

/** What can be said of a blob that nothing here knows: its nodes, or its bytes. */
function untypedContents(
  subtree: Subtree,
  place: Place,
  context: StructureContext,
): Iterable<Entity> | undefined {
  const { tree, blob, draft } = subtree;
  if (blob === undefined) return undefined;
  if (tree !== undefined) return untypedEntities(tree, undefined, place, false);
  const { fields } = heldOutline(context, subtree, place);
  return [{ place, key: 'blob', fields: [field('draft', draft?.draft), ...fields, field('contents', blob)] }];
}
