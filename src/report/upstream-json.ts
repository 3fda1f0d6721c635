/** The upstream parts of the model as plain values for JSON; lists that grow with the dump are drawn as they are written. */

import type { Handover, Subtree } from '../abi/model.js';
import type { PreservedMap } from '../abi/upstream/model.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { TOLD_RIDERS } from '../structures/riders.js';
import { moreOfChild } from '../structures/root/tree.js';
import type { Model } from '../structures/structure.js';
import { heldJson, riderJson, structuresJson } from './structure-json.js';
import { blockRows, rangeRows } from './upstream-rows.js';

type Json = { [key: string]: unknown };

/** The keys of an upstream handover or rider, in the order of the document. */
export function upstreamJson(handover: Handover): Json {
  const { preservedMap } = handover;
  return {
    preservedMap: preservedMap === undefined ? undefined : mapJson(preservedMap),
    subtrees: handover.subtrees?.map(subtreeJson),
    ...Object.fromEntries(
      TOLD_RIDERS.map((rider) => {
        const part = handover[rider.key];
        return [rider.key, part === undefined ? undefined : riderJson(rider, part as unknown as Model)];
      }),
    ),
    ...structuresJson(handover),
  };
}

/** `preserved`: merged ranges and, for a map of blocks, the blocks. */
export function preservedJson(preserved: NonNullable<Handover['preserved']>): Json {
  const { ranges, pages } = preserved;
  return pages === undefined ? { ranges } : { ranges: rangeRows(pages), pages: blockRows(pages) };
}

function mapJson({ form, bitmapSize, bitmapReason, ambiguous, depth, complete }: PreservedMap): Json {
  return {
    form,
    bitmapSize,
    bitmapReason,
    ambiguous: ambiguous === true ? true : undefined,
    depth,
    complete,
  };
}

function subtreeJson(subtree: Subtree): Json {
  const { name, address, size, tree, blob, known } = subtree;
  return {
    name,
    address,
    size,
    ...Object.fromEntries(moreOfChild(subtree).map(({ key, value }) => [key, value])),
    fdt: tree === undefined ? undefined : imageToJson(toImage(tree), tree),
    // The bytes of what nothing here can interpret.
    data: tree === undefined && known === false ? blob : undefined,
    ...heldJson(subtree),
  };
}
