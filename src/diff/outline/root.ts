/** A handover as named things: the lists that are compared, whatever its generation. */

import type { Handover } from '../../abi/model.js';
import { bytesOf } from '../../abi/preserved.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { blockSize } from '../../memory/blocks.js';
import type { Place } from '../../references/place.js';
import { rfc2024 } from '../../structures/rfc-2024/tree.js';
import { upstreamRoots } from '../../structures/root/tree.js';
import { isRfc } from '../../versions/generations.js';
import { type Entity, field, type List, presence, strictField, summaryField } from '../entity.js';
import type { Span } from '../span.js';
import { createSpanColumns, SPAN_BATCH, type SpanColumns, spanColumns } from '../span-columns.js';
import { emptyContainers, nodeLists } from './nodes.js';
import { type PageOwners, pageOwners } from './owners.js';
import { structureLists } from './structures.js';
import { subtreeLists } from './subtrees.js';
import { untypedEntities } from './untyped.js';

const TREE: Place = { part: 'tree' };

/** Everything that is compared. Lists that a dump of this generation does not have at all are empty. */
export function outline(handover: Handover, strict: boolean): List[] {
  const { scratch, preserved, memCache } = handover;
  let known: PageOwners | undefined;
  const owners = (): PageOwners => {
    known ??= pageOwners(handover);
    return known;
  };
  const context = { handover, strict, owners };
  const partial = handover.tree?.complete === false;
  return [
    { name: 'tree', place: TREE, entities: [treeEntity(handover)], partial },
    { name: 'nodes', place: TREE, entities: rootUntyped(handover), partial },
    ...(scratch === undefined ? [] : [scratchList(scratch)]),
    ...(preserved === undefined ? [] : preservedLists(preserved, handover, strict)),
    ...(memCache === undefined || !strict
      ? []
      : [
          {
            name: 'mem cache',
            place: { part: 'mem-cache' } as const,
            entities: [
              {
                place: { part: 'mem-cache' } as const,
                key: 'mem-cache',
                fields: [strictField('entries', memCache.bytes)],
              },
            ],
          },
        ]),
    ...subtreeLists(context),
    ...structureLists(context),
    ...nodeLists(context, rfc2024.root, partial),
  ];
}

/** What the tree is, and which versions it is written in. */
function treeEntity(handover: Handover): Entity {
  const { kind, generation, pageSize, tree, fdtAddress, preservedMemoryMap } = handover;
  return {
    place: TREE,
    key: 'tree',
    fields: [
      // What a tree that breaks off is, and how it goes on, nobody knows.
      field('kind', tree?.complete === false ? null : kind),
      field('generation', generation),
      field('page size', pageSize, 'size'),
      ...emptyContainers(rfc2024.root, handover).map(({ name, list }) => presence(name, list)),
      strictField('address', fdtAddress ?? null),
      strictField('preserved-memory-map', preservedMemoryMap),
      strictField('blob', tree?.complete === false ? null : tree?.bytes),
    ],
  };
}

function rootUntyped(handover: Handover): Iterable<Entity> {
  const { tree, namedTree, generation, kind, subtrees } = handover;
  const readable = namedTree ?? tree;
  // A rider's own tree is compared as that rider.
  if (readable === undefined || (kind === 'rider' && subtrees === undefined)) return [];
  const binding =
    generation === undefined ? undefined : isRfc(generation) ? rfc2024 : upstreamRoots[generation];
  return untypedEntities(readable, binding?.root, TREE, kind === 'boot-fdt');
}

/** Scratch regions by position: their sizes are what the kernel was told to set aside. */
function scratchList(scratch: NonNullable<Handover['scratch']>): List {
  const place: Place = { part: 'scratch' };
  return {
    name: 'scratch',
    place,
    entities: scratch.map(({ start, end }, index) => ({
      place: { ...place, index },
      key: `${index}`,
      fields: [field('size', end - start, 'size'), strictField('address', start)],
    })),
  };
}

/** How much is preserved, by order where there are blocks; with `strict` which pages. */
function preservedLists(
  { ranges, pages }: NonNullable<Handover['preserved']>,
  { preservedMap }: Handover,
  strict: boolean,
): List[] {
  const place: Place = { part: 'preserved' };
  // What is known of a map that is not whole says nothing of amounts.
  if (preservedMap?.complete === false) return [{ name: 'preserved memory', place }];
  const lists: List[] = [
    {
      name: 'preserved memory',
      place,
      entities:
        pages === undefined
          ? [{ place, key: 'all', fields: [field('size', bytesOf({ ranges }), 'size')] }]
          : orders(pages, place),
    },
  ];
  if (!strict) return lists;
  return [
    ...lists,
    {
      name: 'preserved ranges',
      place,
      spans: {
        spans: () => (pages === undefined ? spanColumns(rangeSpans(ranges)) : blockSpans(pages)),
        place: (address, addressEnd) => ({ ...place, address, addressEnd }),
      },
    },
  ];
}

function* orders(pages: PreservedPages, place: Place): Generator<Entity> {
  const counts = new Map<number, number>(pages.orders.map((order) => [order, 0]));
  for (const { length, order, count } of pages.blockColumns()) {
    for (let i = 0; i < length; i++) {
      const each = order[i] as number;
      counts.set(each, (counts.get(each) ?? 0) + (count[i] as number));
    }
  }
  for (const [order, count] of [...counts].sort(([a], [b]) => a - b)) {
    yield {
      place: { ...place, order },
      key: `${order}`,
      fields: [
        field('blocks', count, 'count'),
        summaryField('size', BigInt(count) * blockSize(order, pages.pageSize), 'size'),
      ],
    };
  }
}

function* rangeSpans(ranges: NonNullable<Handover['preserved']>['ranges']): Generator<Span, boolean> {
  for (const { start, end } of ranges) yield { start: Number(start), end: Number(end), aspects: [] };
  return true;
}

function* blockSpans(pages: PreservedPages): Generator<SpanColumns, boolean> {
  const kinds = new Map(
    pages.orders.map((order) => [order, [{ name: 'order', of: `${order}`, moves: false }]]),
  );
  const batch = createSpanColumns();
  for (const { length, pfn, order, count } of pages.blockColumns()) {
    for (let i = 0; i < length; i++) {
      const row = batch.length++;
      const each = order[i] as number;
      const start = (pfn[i] as number) * pages.pageSize;
      batch.starts[row] = start;
      batch.ends[row] = start + (count[i] as number) * pages.pageSize * 2 ** each;
      batch.kinds[row] = kinds.get(each);
      if (batch.length < SPAN_BATCH) continue;
      yield batch;
      batch.length = 0;
    }
  }
  if (batch.length > 0) yield batch;
  return true;
}
