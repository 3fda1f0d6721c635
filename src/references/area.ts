/** The list pages of preserved vmalloc areas. */
import type { VmallocArea } from '../abi/upstream/model.js';
import { vmallocCapacity } from '../decode/upstream/vmalloc.js';
import { KHO_VMALLOC_HDR_SIZE, khoVmallocChunk, khoVmallocHdr } from '../records/vmalloc.js';
import { elementRecord } from '../schema/element.js';
import type { ReferenceContext } from './sink.js';

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;
const run = elementRecord(khoVmallocChunk, 'phys');

/** Tells the list pages, each up to its first 0, where the kernel stops reading it. */
export function addArea(
  { sink, memory, pageSize }: ReferenceContext,
  area: VmallocArea,
  owner: string,
): void {
  if (sink.claimsOnly === true) return;
  const capacity = vmallocCapacity(pageSize);
  const bytes = new Uint8Array(capacity * ADDRESS);
  const words = new Uint32Array(bytes.buffer);
  for (const [i, chunk] of area.chunks.entries()) {
    const what = `list page ${i} of ${owner}`;
    sink.page({ address: chunk, length: pageSize, chain: `list of ${owner}`, what });
    sink.record(khoVmallocHdr, chunk, what, { list: 'list pages', capacity });
    const first = chunk + KHO_VMALLOC_HDR_SIZE;
    const known = Math.floor(memory.read(first, bytes.length, bytes) / ADDRESS);
    let used = 0;
    while (used < known && ((words[2 * used] ?? 0) | (words[2 * used + 1] ?? 0)) !== 0) used++;
    sink.array({
      record: run,
      count: used,
      at: first,
      what: (j) => `run ${j} of ${owner}`,
      traits: { list: `runs of ${owner}` },
    });
  }
}
