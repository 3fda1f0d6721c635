/** What is mutated: a handover's records, as an image that a case changes in place and puts back. */

import type { Handover } from '../abi/model.js';
import { type DecodeOptions, decodeHandover } from '../decode/handover.js';
import { elfMemory, parseElfCore } from '../memory/elf/core.js';
import type { Machine } from '../memory/elf/header.js';
import { firstIndex } from '../memory/first-after.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { bytesAccess } from '../memory/random-access.js';
import { segmentsMemory } from '../memory/segments.js';
import { type TrimOptions, trimHandover } from '../trim/trim.js';
import type { VtdUnit } from '../vtd/rules/unit.js';

/** Contiguous bytes of an image. */
export interface ImageSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What is mutated: a blob, or records in pages, with where each field of it is. */
export interface FuzzTarget {
  /** A core with the tree in it, or a devicetree blob or record on its own. */
  readonly form: 'core' | 'blob';
  readonly machine: Machine;
  /** The image, ascending; for a lone blob one segment at 0. Written only through `applied`. */
  readonly segments: readonly ImageSegment[];
  /** The same bytes as memory; absent for a lone blob. */
  readonly memory?: PhysicalMemory;
  /** The root tree (or lone blob) in the image. */
  readonly root: ImageSegment;
  /** A page that is there, holds nothing and is not preserved; its address. */
  readonly spare?: number;
  /** Text of the core's VMCOREINFO note. */
  readonly note?: string;
  /** Remapping units whose tables are in the image; their registers are what a validation is told. */
  readonly units?: readonly VtdUnit[];
  readonly options: DecodeOptions;
  /** What the unchanged image decodes to. */
  readonly handover: Handover;
}

/** Segments above this are not part of any dump that is worth mutating by the thousand. */
const MAX_IMAGE = 256 << 20;

/**
 * Beside this, the image may have so many bytes for each one of the input: every case is written whole, and segments
 * that repeat each other, or zeros that no file stores, would make much of little.
 */
const IMAGE_FLOOR = 4 << 20;
const IMAGE_EACH = 4;

/** What is to be mutated is too large to be held. */
export class ImageTooLarge extends RangeError {}

/**
 * A devicetree blob or a record on its own. The bytes are copied.
 *
 * @example
 * ```ts
 * import { blobTarget, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const target = blobTarget(synthesise(planFromSeed({ abi: 'kho-v4' })).blob);
 * console.log(target.form, target.segments.length); //=> blob 1
 * ```
 */
export function blobTarget(blob: Uint8Array, options: DecodeOptions = {}): FuzzTarget {
  const bytes = blob.slice();
  const { memory: _memory, ...alone } = options;
  const root = { address: 0, bytes };
  return {
    form: 'blob',
    machine: 'x86-64',
    segments: [root],
    root,
    options: alone,
    handover: decodeHandover(bytes, alone),
  };
}

/**
 * The records of a handover in memory, cut down as `trim` does: no guest memory, no seeds. A page that is not
 * preserved is added after everything else, for pointers to freed memory.
 *
 * @param options how the handover was decoded
 * @param units remapping units whose structures are mutated too
 * @returns undefined when the tree itself is not in the memory
 * @throws ImageTooLarge when the records have more than 256 MiB of pages, or are out of proportion to what stores
 *   them, or when no page after them is free
 *
 * @example
 * ```ts
 * import { decodeHandover, memoryTarget, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, fdtAddress, machine, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const options = { memory, address: fdtAddress };
 * const target = memoryTarget(decodeHandover(blob, options), memory, { machine }, options);
 * console.log(target?.form); //=> core
 * ```
 */
export function memoryTarget(
  handover: Handover,
  memory: PhysicalMemory,
  trim: TrimOptions,
  options: DecodeOptions,
  units: readonly VtdUnit[] = [],
): FuzzTarget | undefined {
  const { chunks, covered } = trimHandover(handover, memory, { ...trim, units });
  if (covered > MAX_IMAGE)
    throw new ImageTooLarge(
      `its records are in ${covered} bytes of pages; no more than ${MAX_IMAGE} are held to be mutated`,
    );
  const { real } = memory.budget ?? { real: MAX_IMAGE };
  if (covered > IMAGE_FLOOR + IMAGE_EACH * real)
    throw new ImageTooLarge(
      `its records are in ${covered} bytes of pages, which is out of proportion to what the input stores (--budget FACTOR raises the limit)`,
    );
  const { fdtAddress, pageSize } = handover;
  if (fdtAddress === undefined || handover.tree === undefined) return undefined;
  const segments = wholePages(imageOf(chunks), pageSize);
  const last = segments.at(-1);
  const end = last === undefined ? 0 : last.address + last.bytes.length;
  const after = Math.ceil(end / pageSize + 1);
  const spare = (handover.preserved?.pages?.coveredUntil(after, 2 ** 40) ?? after) * pageSize;
  if (spare + pageSize > PHYSICAL_LIMIT)
    throw new ImageTooLarge(
      'its map preserves all memory after its records: no page is left that could be freed',
    );
  segments.push({ address: spare, bytes: new Uint8Array(pageSize) });
  const rootAddress = Number(fdtAddress);
  const root = part(segments, rootAddress, handover.tree.bytes.length);
  if (root === undefined) return undefined;
  const image = segmentsMemory(segments, memory.description);
  const decode = { ...options, memory: image, address: fdtAddress, pageSize };
  return {
    form: 'core',
    machine: trim.machine,
    segments,
    memory: image,
    root: { address: rootAddress, bytes: root },
    spare,
    ...(trim.note === undefined ? {} : { note: trim.note }),
    ...(units.length === 0 ? {} : { units }),
    options: decode,
    handover: decodeHandover(root, decode),
  };
}

/** The same with zeros up to the end of each last page, so that a blob may grow in its page as it may in a kernel's. */
function wholePages(segments: readonly ImageSegment[], pageSize: number): ImageSegment[] {
  return segments.map(({ address, bytes }, i) => {
    const end = Math.ceil((address + bytes.length) / pageSize) * pageSize;
    const padded = new Uint8Array(Math.min(end, segments[i + 1]?.address ?? end) - address);
    padded.set(bytes);
    return { address, bytes: padded };
  });
}

/** How far what begins at an address may grow: to the end of the last page that it has now, where that is there. */
export function roomAt(
  { segments, handover: { pageSize } }: FuzzTarget,
  address: number,
  length: number,
): number {
  const segment = segmentAt(segments, address);
  const end = segment === undefined ? address : segment.address + segment.bytes.length;
  return Math.min(end, Math.ceil((address + length) / pageSize) * pageSize) - address;
}

/** The segments of a core, as bytes of their own. */
function imageOf(chunks: Iterable<Uint8Array>): ImageSegment[] {
  const parts = [...chunks];
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of parts) {
    file.set(chunk, at);
    at += chunk.length;
  }
  const access = bytesAccess(file);
  const { core } = parseElfCore(access);
  if (core === undefined) throw new Error('a core that was just written cannot be read');
  const memory = elfMemory(access, core);
  const segments: ImageSegment[] = [];
  for (const { start, end } of memory.known()) {
    const bytes = new Uint8Array(end - start);
    memory.read(start, bytes.length, bytes);
    const before = segments.at(-1);
    if (before !== undefined && before.address + before.bytes.length === start) {
      const joined = new Uint8Array(before.bytes.length + bytes.length);
      joined.set(before.bytes);
      joined.set(bytes, before.bytes.length);
      segments[segments.length - 1] = { address: before.address, bytes: joined };
    } else segments.push({ address: start, bytes });
  }
  return segments;
}

/** The segment that holds an address. O(log n). */
export function segmentAt(segments: readonly ImageSegment[], address: number): ImageSegment | undefined {
  const found = segments[firstIndex(segments.length, (i) => (segments[i]?.address ?? 0) <= address) - 1];
  return found !== undefined && address < found.address + found.bytes.length ? found : undefined;
}

/** A view of [address, address + length) of an image; undefined when it is not all in one segment. */
export function part(
  segments: readonly ImageSegment[],
  address: number,
  length: number,
): Uint8Array | undefined {
  const found = segmentAt(segments, address);
  if (found === undefined) return undefined;
  const start = address - found.address;
  return start + length <= found.bytes.length ? found.bytes.subarray(start, start + length) : undefined;
}
