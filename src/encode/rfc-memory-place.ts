/** Where parts of a dump go, in layers: what is placed first wins over what comes later. */
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { type MemorySegment, segmentLength, segmentsMemory } from '../memory/segments.js';

/** Parts of a memory under construction. */
export interface Placement {
  /** What the model says: wins over the memory that came with it. */
  readonly typed: MemorySegment[];
  /** Bytes that nothing says but that belong to a structure: used where the memory does not hold them. */
  readonly filler: MemorySegment[];
  /** What could not be placed, or was left out, one sentence each. */
  readonly messages: string[];
  /** Where the typed parts are. */
  readonly parts: { readonly what: string; readonly start: number; readonly end: number }[];
}

export function createPlacement(): Placement {
  return { typed: [], filler: [], messages: [], parts: [] };
}

/**
 * Adds segments, or says why not. A typed part that is over another is said too: the first one placed wins.
 *
 * @param address physical byte address of `segments`' own address 0
 */
export function put(
  placement: Placement,
  layer: 'typed' | 'filler',
  what: string,
  address: bigint,
  segments: readonly MemorySegment[],
): void {
  const base = physicalAddress(address);
  const length = Math.max(0, ...segments.map((segment) => segment.address + segmentLength(segment)));
  if (base === undefined || base + length > PHYSICAL_LIMIT) {
    placement.messages.push(`${what} is left out: 0x${address.toString(16)} is not a physical address`);
    return;
  }
  if (layer === 'typed' && length > 0) {
    const part = { what, start: base, end: base + length };
    const other = placement.parts.find(({ start, end }) => part.start < end && part.end > start);
    if (other !== undefined)
      placement.messages.push(`${what} overlaps ${other.what}; the bytes of ${other.what} are kept`);
    placement.parts.push(part);
  }
  for (const segment of segments) {
    if (segmentLength(segment) > 0) placement[layer].push({ ...segment, address: base + segment.address });
  }
}

/** The typed parts over `memory` over the filler. */
export function placedLayers({ typed, filler }: Placement, memory?: PhysicalMemory): PhysicalMemory[] {
  return [
    segmentsMemory(typed, 'the model'),
    ...(memory === undefined ? [] : [memory]),
    segmentsMemory(filler, 'the parts that the model leaves open'),
  ];
}
