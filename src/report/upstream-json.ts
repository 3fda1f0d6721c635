/** The upstream parts of the model as plain values for JSON; lists that grow with the dump are drawn as they are written. */

import type { Handover, Subtree } from '../abi/model.js';
import type { KexecMetadata, KhoTest, Luo, Memblock, PreservedMap } from '../abi/upstream/model.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { luoForm } from '../structures/luo/binding.js';
import type { RiderKey, RiderPart } from '../structures/rider.js';
import { RIDERS } from '../structures/riders.js';
import { moreOfChild } from '../structures/root/tree.js';
import type { Model } from '../structures/structure.js';
import { areaJson } from './folio-json.js';
import { heldJson, keptJson, structuresJson } from './structure-json.js';
import { textKeys } from './text-json.js';
import { treeJson } from './tree-json.js';
import { blockRows, rangeRows } from './upstream-rows.js';

type Json = { [key: string]: unknown };

/** The keys of an upstream handover or rider, in the order of the document. */
export function upstreamJson(handover: Handover): Json {
  const { preservedMap, memblock, luo, kexecMetadata, khoTest } = handover;
  return {
    preservedMap: preservedMap === undefined ? undefined : mapJson(preservedMap),
    subtrees: handover.subtrees?.map(subtreeJson),
    memblock: memblock === undefined ? undefined : riderJson('memblock', memblock),
    luo: luo === undefined ? undefined : luoJson(luo),
    kexecMetadata: kexecMetadata === undefined ? undefined : metadataJson(kexecMetadata),
    khoTest: khoTest === undefined ? undefined : khoTestJson(khoTest),
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

function metadataJson({ version, previousRelease, kexecCount, origin }: KexecMetadata): Json {
  return {
    version,
    address: origin?.address,
    ...(previousRelease === undefined ? {} : textKeys('previousRelease', previousRelease)),
    kexecCount,
  };
}

/** A rider that is a tree: the keys of its nodes. */
function riderJson(key: RiderKey, part: Memblock | KhoTest): Json {
  const tree = RIDERS.find((rider) => rider.key === key)?.treeOf(part as unknown as RiderPart);
  return {
    compatible: part.compatible,
    address: part.origin?.address,
    ...(tree === undefined ? {} : treeJson(tree.root, part)),
  };
}

function khoTestJson(test: KhoTest): Json {
  const { csumComputed, area, folios } = test;
  const list = area === undefined ? undefined : areaJson(area);
  return { ...riderJson('khoTest', test), csumComputed, list, folios };
}

function luoJson(luo: Luo): Json {
  const { compatible, origin, liveupdateNumber, abiHeader } = luo;
  const { sessions, flbs } = luoForm(compatible) ?? {};
  const model = luo as unknown as Model;
  return {
    compatible,
    address: origin?.address,
    liveupdateNumber,
    abiHeader,
    ...(sessions === undefined ? {} : keptJson(sessions, model)),
    ...(flbs === undefined ? {} : keptJson(flbs, model)),
  };
}
