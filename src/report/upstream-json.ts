/** The upstream parts of the model as plain values for JSON; lists that grow with the dump are drawn as they are written. */

import type { Handover, Subtree } from '../abi/model.js';
import type {
  DraftRecord,
  KexecMetadata,
  KhoTest,
  Luo,
  LuoFile,
  LuoSession,
  Memblock,
  PreservedMap,
} from '../abi/upstream/model.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { moreOfChild } from '../structures/root/tree.js';
import { areaJson } from './folio-json.js';
import { structuresJson } from './structure-json.js';
import { textKeys } from './text-json.js';
import { blockRows, rangeRows } from './upstream-rows.js';

type Json = { [key: string]: unknown };

/** The keys of an upstream handover or rider, in the order of the document. */
export function upstreamJson(handover: Handover): Json {
  const { preservedMap, memblock, luo, kexecMetadata, khoTest } = handover;
  return {
    preservedMap: preservedMap === undefined ? undefined : mapJson(preservedMap),
    subtrees: handover.subtrees?.map(subtreeJson),
    memblock: memblock === undefined ? undefined : memblockJson(memblock),
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

function draftJson(draft: DraftRecord | undefined): Json | undefined {
  return draft === undefined ? undefined : { draft: draft.draft, source: draft.source };
}

function subtreeJson(subtree: Subtree): Json {
  const { name, address, size, tree, blob, known, draft } = subtree;
  return {
    name,
    address,
    size,
    ...Object.fromEntries(moreOfChild(subtree).map(({ key, value }) => [key, value])),
    fdt: tree === undefined ? undefined : imageToJson(toImage(tree), tree),
    // The bytes of what nothing here can interpret.
    data: tree === undefined && known === false ? blob : undefined,
    draft: draftJson(draft),
    ...structuresJson(subtree),
  };
}

function memblockJson({ compatible, regions, origin }: Memblock): Json {
  return {
    compatible,
    address: origin?.address,
    regions: regions.map(({ origin: _, ...region }) => region),
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

function khoTestJson(test: KhoTest): Json {
  const { compatible, magic, nrFolios, csum, csumComputed, foliosInfo, area, folios, origin } = test;
  return {
    compatible,
    address: origin?.address,
    magic,
    nrFolios,
    csum,
    csumComputed,
    foliosInfo,
    foliosInline: test.foliosInline,
    list: area === undefined ? undefined : areaJson(area),
    folios,
  };
}

function luoJson(luo: Luo): Json {
  return {
    compatible: luo.compatible,
    address: luo.origin?.address,
    liveupdateNumber: luo.liveupdateNumber,
    abiHeader: luo.abiHeader,
    sessionsAddress: luo.sessionsAddress,
    sessionBlocks: blocksJson(luo.sessionBlocks),
    sessionCount: differs(luo.sessionCount, luo.sessions?.length),
    flbsAddress: luo.flbsAddress,
    sessions: luo.sessions?.map(sessionJson),
    flbPages: luo.flbPages,
    flbCount: differs(luo.flbCount, luo.flbs?.length),
    flbs: luo.flbs?.map((flb) => ({
      ...textKeys('name', flb.name),
      data: flb.data,
      count: flb.count,
      draft: draftJson(flb.draft),
      ...structuresJson(flb),
    })),
  };
}

function blocksJson(blocks: Luo['sessionBlocks']): Json[] | undefined {
  if (blocks === undefined || blocks.length === 0) return undefined;
  return blocks.map(({ address, count }) => ({ address, count }));
}

/** A count as stored, where the list does not tell it. */
function differs(count: bigint | undefined, length: number | undefined): bigint | undefined {
  return count === undefined || count === BigInt(length ?? 0) ? undefined : count;
}

function sessionJson({ name, count, filesAddress, fileBlocks, files }: LuoSession): Json {
  return {
    ...textKeys('name', name),
    count,
    filesAddress,
    fileBlocks: blocksJson(fileBlocks),
    files: files?.map(fileJson),
  };
}

function fileJson(file: LuoFile): Json {
  const { compatible, token, data, draft } = file;
  return {
    ...textKeys('compatible', compatible),
    token,
    data,
    draft: draftJson(draft),
    ...structuresJson(file),
  };
}
