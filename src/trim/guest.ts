/** Guest memory, as far as records claim to be in it. */

import type { Handover } from '../abi/model.js';
import { firstAfter } from '../memory/first-after.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import type { BlobInstance } from '../references/instance.js';
import { addReferences } from '../references/references.js';
import { type ReferenceSink, SILENT } from '../references/sink.js';
import type { FolioList } from '../structures/folios.js';
import { pagesOf, targetsOf } from '../vtd/walk/batch.js';
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
  const sink: ReferenceSink = {
    ...SILENT,
    mappedOnly: true,
    claim({ at, folios, runs }) {
      if (at !== 'contents' && at !== 'region') return;
      if (folios !== undefined) addFolios(folios, handover, apart, put);
      for (const { start, end } of runs()) {
        const first = physicalAddress(start);
        if (first !== undefined) put(first, Number(end) - Number(start));
      }
    },
    mapped(batch) {
      const targets = targetsOf(batch);
      const counts = pagesOf(batch);
      for (let i = 0; i < batch.length; i++)
        put((targets[i] as number) * SMALLEST_PAGE, (counts[i] as number) * SMALLEST_PAGE);
    },
  };
  function put(at: number, length: number): void {
    if (!(at < PHYSICAL_LIMIT && length > 0) || apart(at, at + length)) return;
    const start = Math.floor(at / SMALLEST_PAGE) * SMALLEST_PAGE;
    const end = Math.ceil((at + Math.min(length, PHYSICAL_LIMIT)) / SMALLEST_PAGE) * SMALLEST_PAGE;
    if (touches(pages, start, end)) found.add(start, end - start);
  }
  addReferences(sink, handover, root, memory);
  return found.finish();
}

/** The folios of a file, as long as their preserved blocks; many of them apart from `pages` are not looked at one by one. */
function addFolios(
  { folios }: FolioList,
  { preserved, pageSize }: Handover,
  apart: (start: number, end: number) => boolean,
  put: (at: number, length: number) => void,
): void {
  const blocks = preserved?.pages;
  // No folio is longer than the largest preserved block.
  const longest = 2 ** Math.max(0, ...(blocks?.orders ?? []));
  const skip = (low: number, high: number): boolean =>
    apart(low * pageSize, Math.min((high + longest) * pageSize, PHYSICAL_LIMIT));
  for (const { length, pfn, count, step } of folios.columns(skip)) {
    for (let row = 0; row < length; row++) {
      // The last folio's size is that of its preserved block.
      const before = ((count[row] as number) - 1) * (step[row] as number);
      const first = pfn[row] as number;
      const order = blocks?.largestAt(first + before) ?? 0;
      const all = before + (order > 0 ? 2 ** order : 1);
      put(first * pageSize, Math.min(all * pageSize, PHYSICAL_LIMIT));
    }
  }
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
