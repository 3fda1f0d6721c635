/** Guest memory, as far as records claim to be in it. */

import type { Handover } from '../abi/model.js';
import type { BlobInstance } from '../instances/instance.js';
import { addReferences } from '../instances/references.js';
import type { ReferenceSink } from '../instances/sink.js';
import { firstAfter } from '../memory/first-after.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { type ByteRanges, createRangeCollector, touches } from './byte-ranges.js';

/** Guest memory is told in pages of this size or larger. */
const SMALLEST_PAGE = 4096;

/**
 * Pages of guest memory that share a byte with `pages`. All of guest memory is never held: it may be a hundred million
 * folios, and what is asked for is a healthy dump's nothing.
 *
 * @param root the tree, where it is in the memory
 */
export function guestAmong(
  pages: ByteRanges,
  handover: Handover,
  root: BlobInstance | undefined,
  memory: PhysicalMemory,
): ByteRanges {
  const found = createRangeCollector();
  const apart = createGap(pages);
  const ignore = (): void => {};
  const sink: ReferenceSink = {
    blob: ignore,
    record: ignore,
    array: ignore,
    page: ignore,
    radix: ignore,
    bitmap: ignore,
    table: ignore,
    bytes: ignore,
    apart,
    mappedOnly: true,
    contents(address: number | bigint, length: number): void {
      const at = physicalAddress(address);
      if (at === undefined || !(length > 0) || apart(at, at + length)) return;
      const start = Math.floor(at / SMALLEST_PAGE) * SMALLEST_PAGE;
      const end = Math.ceil((at + Math.min(length, PHYSICAL_LIMIT)) / SMALLEST_PAGE) * SMALLEST_PAGE;
      if (touches(pages, start, end)) found.add(start, end - start);
    },
  };
  addReferences(sink, handover, root, memory);
  return found.finish();
}

/**
 * Whether whole pages with [start, end) are in the gap between ranges in which those asked for before did: guest memory
 * is together, and what is asked for between its ends is a folio at a time.
 */
function createGap({ starts, ends, count }: ByteRanges): (start: number, end: number) => boolean {
  let from = 0;
  let to = 0;
  return (start, end) => {
    if (start >= from && end <= to) return true;
    const next = firstAfter(ends, start, count);
    from = next === 0 ? 0 : Math.ceil((ends[next - 1] as number) / SMALLEST_PAGE) * SMALLEST_PAGE;
    to =
      next === count ? PHYSICAL_LIMIT : Math.floor((starts[next] as number) / SMALLEST_PAGE) * SMALLEST_PAGE;
    return start >= from && end <= to;
  };
}
