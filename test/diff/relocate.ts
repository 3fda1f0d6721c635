/** A built dump of the 2024 series at other physical addresses: the same handover in another place. */
import type { Handover } from '../../src/abi/model.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { type BuiltDump, cacheBytes, elementBytes, LAYOUT } from '../rfc/build-dump.js';
import { decodeMemory, type Json } from '../rfc/json.js';

/**
 * Moves all that the handover keeps by `shift` bytes, a multiple of 1 GiB; tree and scratch stay.
 *
 * @param edit changes the document before it is encoded
 */
export function relocated(
  dump: BuiltDump,
  shift: number,
  edit: (document: Json) => void = () => {},
): Handover {
  const document = moved(structuredClone(dump.document), BigInt(shift)) as Json;
  edit(document);
  const { bytes: blob } = encodeBlob(document);
  const cache = cacheBytes(blob);
  const own = new Set<number>([LAYOUT.tree, LAYOUT.cache, LAYOUT.setupData]);
  const tables = new Set(dump.domains.flatMap(({ tables: { addresses } }) => addresses));
  const segments: MemorySegment[] = [
    { address: LAYOUT.tree, bytes: blob },
    { address: LAYOUT.cache, bytes: cache },
    { address: LAYOUT.setupData, bytes: elementBytes(blob.length, cache.length) },
  ];
  for (const segment of dump.segments) {
    if (own.has(segment.address) || !('bytes' in segment)) continue;
    const { address, bytes } = segment;
    if (address === LAYOUT.scratch) segments.push({ address, bytes });
    else if (tables.has(address))
      segments.push({ address: address + shift, bytes: movedEntries(bytes, BigInt(shift)) });
    else segments.push({ address: address + shift, bytes });
  }
  return decodeMemory(segmentsMemory(segments, 'relocated'));
}

const ADDRESSES = new Set(['addr', 'pgd']);

/** Adds to every address of a document. */
function moved(value: unknown, by: bigint, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => moved(item, by));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, moved(item, by, name)]));
  }
  if (!ADDRESSES.has(key)) return value;
  return `0x${(BigInt(value as string) + by).toString(16)}`;
}

/** Adds to every entry of page tables that is there. */
function movedEntries(bytes: Uint8Array, by: bigint): Uint8Array {
  const copy = bytes.slice();
  const words = new DataView(copy.buffer);
  for (let at = 0; at < copy.length; at += 8) {
    const entry = words.getBigUint64(at, true);
    if ((entry & 3n) !== 0n) words.setBigUint64(at, entry + by, true);
  }
  return copy;
}
