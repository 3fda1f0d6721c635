import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';

/** Memory that holds the 4 KiB pages in which the given 64-bit words are; all their other bytes are 0. */
export function wordsMemory(words: Iterable<readonly [address: number, value: bigint]>): PhysicalMemory {
  const pages = new Map<number, DataView>();
  for (const [address, value] of words) {
    const page = address - (address % 4096);
    let view = pages.get(page);
    if (view === undefined) {
      view = new DataView(new ArrayBuffer(4096));
      pages.set(page, view);
    }
    view.setBigUint64(address - page, value, true);
  }
  const segments = [...pages].map(([address, view]) => ({ address, bytes: new Uint8Array(view.buffer) }));
  return segmentsMemory(segments, 'words');
}

/** The 512 words of a table page. */
export function tablePage(
  address: number,
  entryAt: (index: number) => bigint,
): (readonly [number, bigint])[] {
  return Array.from({ length: 512 }, (_, index) => [address + index * 8, entryAt(index)] as const);
}
