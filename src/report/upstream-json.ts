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
  Memfd,
  PreservedMap,
  VmallocArea,
} from '../abi/upstream/model.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { hex } from '../schema/units.js';
import { textKeys } from './text-json.js';
import { addressRows, blockRows, folioRows, rangeRows } from './upstream-rows.js';

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

/** Of a record that is not in the dump its name is all there is. */
function draftJson(draft: DraftRecord | undefined): Json | undefined {
  return draft === undefined ? undefined : { draft: draft.draft, value: draft.value };
}

function subtreeJson({ name, address, size, tree, blob, known, draft }: Subtree): Json {
  return {
    name,
    address,
    size,
    fdt: tree === undefined ? undefined : imageToJson(toImage(tree), tree),
    // The bytes of what nothing here can interpret.
    data: tree === undefined && known === false ? blob : undefined,
    draft: draftJson(draft),
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
    flbs: luo.flbs?.map(({ name, data, count, draft }) => ({
      ...textKeys('name', name),
      data,
      count,
      draft: draftJson(draft),
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

function fileJson({ compatible, token, data, memfd, draft }: LuoFile): Json {
  return {
    ...textKeys('compatible', compatible),
    token,
    data,
    memfd: memfd === undefined ? undefined : memfdJson(memfd),
    draft: draftJson(draft),
  };
}

function memfdJson({ pos, size, seals, flags, nrFolios, area, folios }: Memfd): Json {
  return {
    pos,
    size,
    seals: seals === undefined ? undefined : hex(seals),
    flags: flags === undefined ? undefined : hex(flags),
    nrFolios,
    list: areaJson(area),
    folios: folioRows(folios),
  };
}

/** A vmalloc area: its descriptor, its list pages and the pages that these list. */
function areaJson({ descriptor, chunks, runs }: VmallocArea): Json {
  return { ...descriptor, chunks: addressRows(chunks), runs: addressRows(runs) };
}
