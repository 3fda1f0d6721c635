/** Findings as places in bytes: the offset in the dump's file and the physical address. */
import type { Handover, Location } from '../abi/model.js';
import { findNode, findProperty, nodeNameBytes, propertyValue, valueOffset } from '../fdt/tree.js';
import { physicalAddress } from '../memory/read.js';
import type { Finding } from '../validate/rule.js';

/** What the dump's file holds byte by byte: the blob, physical memory, or neither (packed, a folder). */
export type FileContent = 'blob' | 'core' | 'other';

/** Where a finding's bytes are; what is unknown is left out. */
export interface FindingPlace {
  /** Byte offset in the dump's file. */
  readonly byteOffset?: bigint;
  /** Bytes. */
  readonly byteLength?: number;
  /** Physical address in bytes. */
  readonly address?: bigint;
}

interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One place for each finding. Offsets are given only where the file itself has them, without unpacking. */
export function findingPlaces(
  handover: Handover,
  findings: readonly Finding[],
  content: FileContent,
): FindingPlace[] {
  const extents = new Map<string, Extent | undefined>();
  return findings.map(({ location }) => {
    const extent = blobExtent(handover, location, extents);
    const { fdtAddress } = handover;
    const address =
      location.address ??
      (extent === undefined || fdtAddress === undefined ? undefined : fdtAddress + BigInt(extent.offset));
    const place = address === undefined ? {} : { address };
    if (content === 'blob' && extent !== undefined) {
      return { ...place, byteOffset: BigInt(extent.offset), ...lengthOf(extent) };
    }
    const offset = content === 'core' && address !== undefined ? fileOffset(handover, address) : undefined;
    return offset === undefined ? place : { ...place, byteOffset: offset };
  });
}

function lengthOf({ length }: Extent): { byteLength?: number } {
  return length === 0 ? {} : { byteLength: length };
}

/** The bytes of the blob that a location names: an offset, a property's value or a node's name. */
function blobExtent(
  { tree }: Handover,
  { fdtPath, property, fileOffset }: Location,
  known: Map<string, Extent | undefined>,
): Extent | undefined {
  if (fileOffset !== undefined) return { offset: Number(fileOffset), length: 0 };
  if (tree === undefined || fdtPath === undefined) return undefined;
  const key = `${fdtPath}\0${property ?? ''}`;
  if (known.has(key)) return known.get(key);
  const node = findNode(tree, fdtPath);
  const token = property === undefined || node < 0 ? -1 : findProperty(tree, node, property);
  const value = token < 0 ? undefined : valueOffset(tree, token);
  let extent: Extent | undefined;
  if (value !== undefined) {
    extent = { offset: value, length: propertyValue(tree, token)?.length ?? 0 };
  } else if (node >= 0) {
    // A property that is missing is missing at its node.
    const name = nodeNameBytes(tree, node);
    if (name !== undefined) extent = { offset: name.byteOffset - tree.bytes.byteOffset, length: name.length };
  }
  known.set(key, extent);
  return extent;
}

function fileOffset({ memory }: Handover, address: bigint): bigint | undefined {
  const start = physicalAddress(address);
  if (memory === undefined || start === undefined) return undefined;
  for (const run of memory.runs(start, start + 1)) {
    if (run.fileOffset !== undefined) return BigInt(run.fileOffset);
  }
  return undefined;
}
