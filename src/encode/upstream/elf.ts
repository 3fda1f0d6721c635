/** The JSON model of an upstream handover → an ELF core: the tree, its blobs, the map, and what LUO lists. */

import type { Handover } from '../../abi/model.js';
import { GENERATIONS } from '../../abi/model.js';
import type { PreservedBlocks, PreservedPages } from '../../abi/upstream/model.js';
import { decodeHandover } from '../../decode/handover.js';
import { blockBits } from '../../decode/upstream/block-bits.js';
import { orderOf } from '../../memory/blocks.js';
import { captureNoteText } from '../../memory/elf/capture-note.js';
import type { ElfWriteOptions } from '../../memory/elf/write.js';
import { overlay } from '../../memory/overlay.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../../memory/physical.js';
import { isKnown, physicalAddress } from '../../memory/read.js';
import { segmentsMemory } from '../../memory/segments.js';
import { hexToBytes } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { bitmapFormOf, SMALL_BITMAP } from '../../structures/map/bitmaps.js';
import { radixShape } from '../../structures/map/shape.js';
import { RIDERS } from '../../structures/riders.js';
import type { UpstreamGeneration } from '../../structures/root/tree.js';
import { FACTS } from '../../versions/generations.js';
import { encodeBlob } from '../blob.js';
import { memoryCoreChunks } from '../elf-chunks.js';
import { jsonObject, ModelError } from '../from-json.js';
import { heldBlob } from '../structures/held.js';
import { riderRecord, riderTree, writeRiders } from '../structures/rider.js';
import { wholePages } from '../whole-pages.js';
import { scratchRegions, writeBoot } from './boot.js';
import { isUpstreamRoot } from './fresh.js';
import { type Json, jsonNarrow, jsonObjects, optionalWide } from './json.js';
import { writeChunks, writeRadix } from './map.js';
import { createPlace, type Place } from './place.js';
import { preservedBlocks, withinMap } from './preserved.js';
import { usedRanges } from './used.js';

/** The physical memory of a document, piece by piece. */
export interface UpstreamMemory {
  /** Memory of the parts that the document holds, over `memory` when one was given. */
  readonly memory: PhysicalMemory;
  /** Physical address of the tree. */
  readonly fdtAddress: bigint;
  readonly messages: readonly string[];
}

/** Whether a document is of a generation that this module writes. */
export function isUpstreamDocument(json: Json): boolean {
  const generation = GENERATIONS.find((known) => known === json.generation);
  return json.kind === 'handover' && isUpstreamRoot(generation);
}

/**
 * Writes an ELF core of an upstream document as `dump --format json` makes it, edited or not; see
 * `encodeElf`. With 16 KiB and 64 KiB pages it is an arm64 core.
 *
 * @throws ModelError when the document has not the form of a model, naming the place
 */
export function encodeUpstreamElf(
  document: unknown,
  memory?: PhysicalMemory,
  limit?: number,
): { chunks: Iterable<Uint8Array>; messages: readonly string[] } {
  const { memory: placed, fdtAddress, messages } = upstreamMemory(document, memory, limit);
  const json = jsonObject(document, '');
  const machine = pageSizeOf(json) === 4096 ? 'x86-64' : 'arm64';
  return { chunks: memoryCoreChunks(placed, machine, toldScratch(json, fdtAddress)), messages };
}

/**
 * Lays out the physical memory of a document. Parts are at the document's addresses, those without one
 * after everything else; the map keeps what is fresh. `memory` supplies what the document does not hold.
 *
 * @throws ModelError when the document has not the form of a model, naming the place
 */
export function upstreamMemory(document: unknown, memory?: PhysicalMemory, limit?: number): UpstreamMemory {
  const json = jsonObject(document, '');
  const generation = GENERATIONS.find((known) => known === json.generation);
  if (!isUpstreamRoot(generation)) throw new ModelError('generation: not one of Linux 6.16 or later');
  const pageSize = pageSizeOf(json);
  const place = createPlace(pageSize, usedRanges(json, pageSize, memory), limit);
  const fdt = json.fdt === undefined ? {} : jsonObject(json.fdt, 'fdt');
  const fdtAddress = optionalWide(fdt.address, 'fdt.address') ?? place.keep(0);
  const filled: Json = {
    ...json,
    ...writeRiders(place, json),
  };
  const messages: string[] = [];
  const subtrees = writeSubtrees(place, filled, generation, memory, messages);
  const map = writeMap(place, filled, generation, memory, messages);
  const { bytes, messages: disagreements } = encodeBlob({
    ...filled,
    subtrees,
    ...(map === undefined ? {} : { preservedMemoryMap: hex(map) }),
  });
  place.put(fdtAddress, bytes, 'the tree');
  if (json.setupData !== undefined)
    writeBoot(place, jsonObject(json.setupData, 'setupData'), json, fdtAddress);
  const own = segmentsMemory(place.segments, `${place.segments.length} parts of a model`);
  const placed = wholePages(own, memory === undefined ? own : overlay(own, memory), pageSize);
  const handover = decodeHandover(bytes, { memory: placed, address: fdtAddress, pageSize });
  return {
    memory: placed,
    fdtAddress,
    messages: [...disagreements, ...messages, ...place.messages, ...leftOut(handover, placed)],
  };
}

/**
 * The scratch regions, where the document has nothing in memory that leads to them: those of a tree that a kernel
 * prepares, or of one that /chosen names.
 */
function toldScratch(json: Json, address: bigint): ElfWriteOptions {
  const scratch = json.setupData === undefined ? scratchRegions(json) : [];
  return scratch.length === 0 ? {} : { capture: captureNoteText({ trees: [{ address }], scratch }) };
}

function pageSizeOf(json: Json): number {
  if (json.pageSize === undefined) return 4096;
  const size = jsonNarrow(json.pageSize, 'pageSize');
  if (size !== 4096 && size !== 16384 && size !== 65536) {
    throw new ModelError('pageSize: not 4096, 16384 or 65536');
  }
  return size;
}

/** Writes the blobs of the children; returns the children with the addresses and sizes of these. */
function writeSubtrees(
  place: Place,
  json: Json,
  generation: UpstreamGeneration,
  memory: PhysicalMemory | undefined,
  messages: string[],
): Json[] {
  const given = jsonObjects(json.subtrees, 'subtrees');
  const names = new Set(given.map(({ name }) => name));
  const missing = RIDERS.filter(({ key, name }) => json[key] !== undefined && !names.has(name));
  const { sized } = FACTS[generation];
  const seen = new Set<unknown>();
  return [...missing.map(({ name }): Json => ({ name })).reverse(), ...given].map((subtree, i) => {
    const path = `subtrees[${i}]`;
    const bytes = heldBlob(place, subtree, subtreeBytes(json, subtree, seen.has(subtree.name), path), path);
    seen.add(subtree.name);
    const address = optionalWide(subtree.address, `${path}.address`);
    if (bytes === undefined) {
      const at = address === undefined ? undefined : physicalAddress(address);
      if (memory === undefined || at === undefined || !isKnown(memory, at, at + 1)) {
        messages.push(`the blob of ${String(subtree.name)} is left out: the model does not hold it`);
      }
      return subtree;
    }
    const order = orderOf(bytes.length, place.pageSize);
    const at = address ?? place.keep(order);
    place.put(at, bytes, path);
    const size =
      sized && subtree.size === undefined && address === undefined ? { size: hex(bytes.length) } : {};
    return { ...subtree, address: hex(at), ...size };
  });
}

/** A child's blob: its typed part, else its own tree, else its bytes. */
function subtreeBytes(json: Json, subtree: Json, repeated: boolean, path: string): Uint8Array | undefined {
  const name = typeof subtree.name === 'string' ? subtree.name : '';
  const fdt = subtree.fdt === undefined ? {} : { fdt: subtree.fdt };
  if (!repeated) {
    const tree = riderTree(json, name);
    if (tree !== undefined) return encodeBlob({ kind: 'rider', [tree.rider.key]: tree.part, ...fdt }).bytes;
    const record = riderRecord(json, name);
    if (record !== undefined) return record;
  }
  if (subtree.fdt !== undefined) return encodeBlob({ kind: 'unknown', ...fdt }).bytes;
  if (subtree.data === undefined) return undefined;
  const bytes = typeof subtree.data === 'string' ? hexToBytes(subtree.data) : undefined;
  if (bytes === undefined) throw new ModelError(`${path}.data: expected hex digits`);
  return bytes;
}

/** What a document says is preserved, and the fresh blocks. */
function* keptBlocks({ kept, pageSize }: Place, { preserved }: Json): Generator<PreservedBlocks> {
  yield* preservedBlocks(preserved, pageSize);
  yield* kept;
}

/** Writes the map, unless `memory` already holds the same one; returns its address. */
function writeMap(
  place: Place,
  json: Json,
  generation: UpstreamGeneration,
  memory: PhysicalMemory | undefined,
  messages: string[],
): bigint | undefined {
  const given = optionalWide(json.preservedMemoryMap, 'preservedMemoryMap');
  if (json.preserved === undefined && place.kept.length === 0) {
    if (given !== undefined && given !== 0n && memory === undefined) {
      messages.push('the preserved memory map is left out: the model does not hold it');
    }
    return given;
  }
  const pages = blockBits(withinMap(keptBlocks(place, json), place.pageSize), place.pageSize);
  const form = json.preservedMap === undefined ? {} : jsonObject(json.preservedMap, 'preservedMap');
  if (memory !== undefined && given !== undefined && holdsSameMap(memory, json, given, pages)) return given;
  if (FACTS[generation].map === 'chunks') {
    const size =
      form.bitmapSize === undefined ? place.pageSize : jsonNarrow(form.bitmapSize, 'preservedMap.bitmapSize');
    if (size !== SMALL_BITMAP && size !== place.pageSize)
      throw new ModelError(`preservedMap.bitmapSize: not ${SMALL_BITMAP} or ${place.pageSize}`);
    return writeChunks(place, pages, size, given);
  }
  const short = FACTS[generation].mayHaveShortKey === true && place.pageSize === 16384 && form.depth === 4;
  return writeRadix(
    place,
    pages,
    radixShape(generation, place.pageSize, short ? 'radix-4-levels' : undefined),
    given,
  );
}

function holdsSameMap(memory: PhysicalMemory, json: Json, address: bigint, pages: PreservedPages): boolean {
  const { preserved } = decodeMapAt(memory, json, address);
  if (preserved?.pages === undefined) return false;
  const mine = pages.blocks()[Symbol.iterator]();
  for (const theirs of preserved.pages.blocks()) {
    const { value, done } = mine.next();
    if (done === true || value.address !== theirs.address) return false;
    if (value.order !== theirs.order || value.count !== theirs.count) return false;
  }
  return mine.next().done === true;
}

/** What the map at an address of `memory` holds, read as the document says it is written. */
function decodeMapAt(memory: PhysicalMemory, json: Json, address: bigint): Handover {
  const root = {
    kind: 'handover',
    generation: json.generation,
    subtrees: [],
    preservedMemoryMap: hex(address),
  };
  const map = json.preservedMap === undefined ? {} : jsonObject(json.preservedMap, 'preservedMap');
  const form =
    map.bitmapSize === undefined
      ? undefined
      : bitmapFormOf(jsonNarrow(map.bitmapSize, 'preservedMap.bitmapSize'));
  return decodeHandover(encodeBlob(root).bytes, {
    memory,
    pageSize: pageSizeOf(json),
    ...(form === undefined ? {} : { form }),
  });
}

/** Preserved memory whose contents neither the document nor the memory has. */
function leftOut({ preserved }: Handover, memory: PhysicalMemory): string[] {
  let absent = 0n;
  for (const { start, end } of preserved?.ranges ?? []) {
    const first = physicalAddress(start);
    const last = end <= BigInt(PHYSICAL_LIMIT) ? Number(end) : undefined;
    if (first === undefined || last === undefined) absent += end - start;
    else
      for (const run of memory.runs(first, last))
        if (run.state === 'absent') absent += BigInt(run.end - run.start);
  }
  if (absent === 0n) return [];
  return [
    `${absent} bytes of preserved memory are left out: the model does not hold file data and other contents`,
  ];
}
