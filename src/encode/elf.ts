/** The JSON model → an ELF core with the memory of the tree. */

import type { Handover } from '../abi/model.js';
import { decodeHandover } from '../decode/handover.js';
import { overlay } from '../memory/overlay.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { segmentsMemory } from '../memory/segments.js';
import { several } from '../schema/units.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { eachNode } from '../structures/tree.js';
import { isRfc } from '../versions/generations.js';
import { encodeBlob } from './blob.js';
import { memoryCoreChunks } from './elf-chunks.js';
import { jsonInteger, jsonObject, ModelError } from './from-json.js';
import { writeLoaded } from './loaded.js';
import { writeTreeMemory } from './structures/tree-memory.js';
import { encodeUpstreamElf, isUpstreamDocument } from './upstream/elf.js';
import { createSaidPlace } from './upstream/place.js';
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
 * it, the mem cache, and what its nodes lead to, at the document's addresses. Parts without an address get
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
  const place = createSaidPlace();
  const handover = decodeHandover(bytes, isRfc(json.generation) ? { assume: json.generation } : {});
  if (isRfc(handover.generation) && handover.tree !== undefined) {
    writeLoaded(place, json, bytes, handover.tree, memory);
    writeTreeMemory(place, rfc2024.root, handover, json, memory);
  } else {
    const address = json.fdt === undefined ? undefined : jsonObject(json.fdt, 'fdt').address;
    if (address === undefined) throw new ModelError('fdt.address is missing: there is no place for the tree');
    place.put(jsonInteger(address, 'fdt.address'), bytes, 'the tree');
  }
  const own = segmentsMemory(place.segments, 'the model');
  const filler = segmentsMemory(place.filler, 'the parts that the model leaves open');
  const layers = memory === undefined ? [own, filler] : [own, memory, filler];
  const placed = wholePages(overlay(own, filler), overlay(...layers), PAGE);
  return {
    chunks: memoryCoreChunks(placed, 'x86-64'),
    messages: [...messages, ...place.messages, ...leftOut(handover, placed)],
  };
}

/** What the tree refers to and neither the model nor the memory holds. */
function leftOut(handover: Handover, memory: PhysicalMemory): string[] {
  const messages: string[] = [];
  const missing = new Map<string, string[]>();
  const nodes = [...eachNode(rfc2024.root, handover)];
  for (const { binding, model } of nodes) {
    const { tables } = binding;
    const root = tables === undefined ? undefined : (model[tables.root] as bigint | undefined);
    if (tables === undefined || root === undefined || readBytes(memory, root, PAGE) !== undefined) continue;
    const names = missing.get(tables.what) ?? [];
    names.push(`${model[tables.number] ?? model.nodeName ?? '?'}`);
    missing.set(tables.what, names);
  }
  for (const [what, names] of missing)
    messages.push(`the page tables of ${what} ${several(names)} are left out: the model does not hold them`);
  let absent = 0n;
  for (const { start, end } of handover.preserved?.ranges ?? []) absent += absentBytes(memory, start, end);
  if (absent > 0n) {
    const data = nodes.some(({ binding }) => binding.memory !== undefined)
      ? 'file data and other contents'
      : 'their contents';
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
