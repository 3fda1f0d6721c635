/** The JSON model → an ELF core with the memory of the tree. */

import type { Handover } from '../abi/model.js';
import { decodeHandover } from '../decode/handover.js';
import { overlay } from '../memory/overlay.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { several } from '../schema/units.js';
import { isRfc } from '../versions/generations.js';
import { encodeBlob } from './blob.js';
import { memoryCoreChunks } from './elf-chunks.js';
import { jsonInteger, jsonObject, ModelError } from './from-json.js';
import { placeBoot } from './rfc-memory-boot.js';
import { placeGuestmemfs } from './rfc-memory-guestmemfs.js';
import { createPlacement, placedLayers, put } from './rfc-memory-place.js';
import { encodeUpstreamElf, isUpstreamDocument } from './upstream/elf.js';
import { wholePages } from './whole-pages.js';

/** The 2024 series is of x86-64. */
const PAGE = 4096;

/** A core that is written of a document. */
export interface EncodedElf {
  /** The core, piece by piece; drawn once. Reads `memory` as it goes. */
  readonly chunks: Iterable<Uint8Array>;
  /** Where typed parts and `fdt.tree` disagreed, and what was left out or made, one sentence each. */
  readonly messages: readonly string[];
}

/**
 * Writes an x86-64 core of a document as `dump --format json` makes it, edited or not: the tree, the way to
 * it, the mem cache, and guestmemfs' structures, at the document's addresses. Parts without an address get
 * one in scratch, and scratch itself is after everything that is kept.
 *
 * @param memory where what the model does not hold comes from (page tables, file data, the bitmap): the
 *   memory of the dump that the document was made of. Typed parts win over it. Without it such parts are
 *   left out, and a message names them.
 * @param limit bytes that lists and records of Linux 6.16 and later may have in all; a run of a few words may stand for
 *   gigabytes of them
 * @throws ModelError when the document has not the form of a model, naming the place
 * @throws RangeError when a value does not fit its field
 *
 * @example
 * ```ts
 * import { decodeHandover, encodeElf, jsonChunks, modelJson, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'rfc-2024' }));
 * const document: unknown = JSON.parse([...jsonChunks(modelJson(decodeHandover(blob, { memory })))].join(''));
 * const { chunks, messages } = encodeElf(document, memory);
 * let size = 0;
 * for (const chunk of chunks) size += chunk.length;
 * console.log(size > blob.length, messages.length); //=> true 1
 * ```
 */
export function encodeElf(document: unknown, memory?: PhysicalMemory, limit?: number): EncodedElf {
  const json = jsonObject(document, '');
  if (isUpstreamDocument(json)) return encodeUpstreamElf(document, memory, limit);
  const { bytes, messages } = encodeBlob(document);
  const placement = createPlacement();
  const handover = decodeHandover(bytes, isRfc(json.generation) ? { assume: json.generation } : {});
  if (isRfc(handover.generation) && handover.tree !== undefined) {
    placeBoot(placement, json, bytes, handover.tree, memory);
    if (handover.guestmemfs !== undefined && json.guestmemfs !== undefined) {
      placeGuestmemfs(placement, handover.guestmemfs, json.guestmemfs, memory);
    }
  } else {
    const address = json.fdt === undefined ? undefined : jsonObject(json.fdt, 'fdt').address;
    if (address === undefined) throw new ModelError('fdt.address is missing: there is no place for the tree');
    put(placement, 'typed', 'the tree', jsonInteger(address, 'fdt.address'), [{ address: 0, bytes }]);
  }
  const placed = wholePages(
    overlay(...placedLayers(placement)),
    overlay(...placedLayers(placement, memory)),
    PAGE,
  );
  return {
    chunks: memoryCoreChunks(placed, 'x86-64'),
    messages: [...messages, ...placement.messages, ...leftOut(handover, placed)],
  };
}

/** What the tree refers to and neither the model nor the memory holds. */
function leftOut({ domains, guestmemfs, preserved }: Handover, memory: PhysicalMemory): string[] {
  const messages: string[] = [];
  const missing = (domains ?? []).filter(
    ({ pgd }) => pgd !== undefined && readBytes(memory, pgd, 4096) === undefined,
  );
  if (missing.length > 0) {
    const names = missing.map(({ persistentId, nodeName }) => `${persistentId ?? nodeName ?? '?'}`);
    messages.push(`the page tables of domain ${several(names)} are left out: the model does not hold them`);
  }
  let absent = 0n;
  for (const { start, end } of preserved?.ranges ?? []) absent += absentBytes(memory, start, end);
  if (absent > 0n) {
    const data = guestmemfs === undefined ? 'their contents' : 'file data and other contents';
    messages.push(`${absent} bytes of preserved memory are left out: the model does not hold ${data}`);
  }
  return messages;
}

function absentBytes(memory: PhysicalMemory, start: bigint, end: bigint): bigint {
  const first = physicalAddress(start);
  const last = physicalAddress(end);
  if (first === undefined || last === undefined) return end - start;
  let absent = 0;
  for (const run of memory.runs(first, last)) if (run.state === 'absent') absent += run.end - run.start;
  return BigInt(absent);
}
