/** Memory with canaries: bytes that stand for what must never leave a dump. */

import type { Handover } from '../../src/abi/model.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { type Trimmed, type TrimOptions, trimHandover } from '../../src/trim/trim.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { concat } from '../memory/bytes.js';

/** Guest memory, seeds, command lines. */
export const SECRET = Uint8Array.from([0xc5, 0xae, 0x5c, 0xea, 0x91, 0x17, 0xd3, 0x6b]);
/** Bytes of a record's page that belong to no record. */
export const SPARE = Uint8Array.from([0xe7, 0x3d, 0xb9, 0x4f, 0x2b, 0xf1, 0x88, 0x9d]);

/** Places of canaries, half-open ranges of physical addresses. */
export interface Canaries {
  readonly secret: readonly (readonly [start: number, end: number])[];
  readonly spare: readonly (readonly [start: number, end: number])[];
}

function filled(pattern: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = pattern[i % pattern.length] ?? 0;
  return bytes;
}

/** The memory with canaries over it. */
export function planted(memory: PhysicalMemory, { secret, spare }: Canaries): PhysicalMemory {
  const segments = [
    ...secret.map(([start, end]) => ({ address: start, bytes: filled(SECRET, end - start) })),
    ...spare.map(([start, end]) => ({ address: start, bytes: filled(SPARE, end - start) })),
  ];
  return overlay(segmentsMemory(segments, 'canaries'), memory);
}

/** How often any four neighbouring bytes of a pattern's repetition are in the bytes. */
export function countCanaries(bytes: Uint8Array, pattern: Uint8Array): number {
  const wanted = new Set<number>();
  for (let i = 0; i < pattern.length; i++) {
    const four = [0, 1, 2, 3].map((j) => pattern[(i + j) % pattern.length] ?? 0);
    wanted.add(new DataView(Uint8Array.from(four).buffer).getUint32(0));
  }
  let count = 0;
  let last = 0;
  for (let i = 0; i < bytes.length; i++) {
    last = ((last << 8) | (bytes[i] ?? 0)) >>> 0;
    if (last !== 0 && i >= 3 && wanted.has(last)) count++;
  }
  return count;
}

/** Every known byte of a memory, end to end. */
export function allBytes(memory: PhysicalMemory): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { start, end } of memory.known()) {
    const bytes = new Uint8Array(end - start);
    memory.read(start, bytes.length, bytes);
    parts.push(bytes);
  }
  return concat(...parts);
}

/** The handover in a memory, as the command line finds it: what setup_data names, else the first tree. */
export function decodeFound(memory: PhysicalMemory): Handover {
  const [found] = findTrees(memory).trees;
  const [address] = found?.addresses ?? [];
  if (found === undefined || address === undefined) throw new Error('no tree');
  const { setupData, scratch } = found;
  return decodeHandover(found.bytes, {
    memory,
    address,
    ...(setupData === undefined ? {} : { setupData }),
    ...(scratch === undefined ? {} : { scratch }),
  });
}

/** The model's JSON, without the words that describe the memory file. */
export function modelText(handover: Handover): string {
  const { description = '' } = handover.memory ?? {};
  return [...jsonChunks(modelJson(handover))].join('').replaceAll(description, 'the dump');
}

/** Trims what is found, and opens the result. */
export function trimmed(
  memory: PhysicalMemory,
  options: Partial<TrimOptions> = {},
): Trimmed & { readonly bytes: Uint8Array; readonly memory: PhysicalMemory } {
  const result = trimHandover(decodeFound(memory), memory, { machine: 'x86-64', ...options });
  const bytes = concat(...[...result.chunks].map((chunk) => chunk.slice()));
  return { ...result, bytes, memory: coreMemory(bytes) };
}
