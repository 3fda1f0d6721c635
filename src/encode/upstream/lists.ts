/** Arrays of records, and vmalloc areas as the kernel's writers make them (upstream 3.1). */
import { vmallocCapacity } from '../../decode/upstream/vmalloc.js';
import {
  KHO_VMALLOC_HDR_SIZE,
  type KhoVmalloc,
  KhoVmallocFlags,
  writeKhoVmallocHdr,
} from '../../records/vmalloc.js';
import type { RecordType } from '../../schema/record.js';
import { type Json, jsonAddresses, jsonNarrow, jsonWide } from './json.js';
import type { Place } from './place.js';

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;

/** Packed records. */
export function recordBytes<T>(record: RecordType<T>, values: readonly T[], before = 0): Uint8Array {
  const { size, write } = record;
  if (size === undefined || write === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const bytes = new Uint8Array(before + values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) write(view, before + i * size, value);
  return bytes;
}

/**
 * Writes bytes into a preserved vmalloc area: at the pages that `list` of the document names, else at fresh
 * ones, one page a run.
 *
 * @param list `{ first, totalPages, flags, order, chunks, runs }`
 * @returns the descriptor
 */
export function writeArea(place: Place, bytes: Uint8Array, list: Json | undefined, path: string): KhoVmalloc {
  const { pageSize } = place;
  if (list === undefined) {
    const count = Math.ceil(bytes.length / pageSize);
    if (count === 0) return { first: 0n, totalPages: 0, flags: 0, order: 0 };
    const runs = Array.from({ length: count }, () => place.keep(0));
    // A list that fills its last page exactly is followed by an empty one.
    const capacity = vmallocCapacity(pageSize);
    const chunks = Array.from({ length: Math.floor(count / capacity) + 1 }, () => place.keep(0));
    const descriptor = { first: chunks[0] ?? 0n, totalPages: count, flags: KhoVmallocFlags.alloc, order: 0 };
    writeChunks(place, chunks, runs, path);
    writeRuns(place, bytes, runs, pageSize, path);
    return descriptor;
  }
  const order = jsonNarrow(list.order ?? 0, `${path}.order`);
  const descriptor = {
    first: jsonWide(list.first, `${path}.first`),
    totalPages: jsonNarrow(list.totalPages, `${path}.totalPages`),
    flags: jsonNarrow(list.flags, `${path}.flags`),
    order,
  };
  const runs = jsonAddresses(list.runs, `${path}.runs`);
  const chunks = jsonAddresses(list.chunks, `${path}.chunks`);
  const needed = Math.max(chunks.length, Math.ceil(runs.length / vmallocCapacity(pageSize)));
  while (chunks.length < needed) chunks.push(chunks.length === 0 ? descriptor.first : place.keep(0));
  writeChunks(place, chunks, runs, path);
  // Of an order beyond all memory, which only a damaged descriptor has, the first run holds the whole list.
  writeRuns(place, bytes, runs, pageSize * 2 ** Math.min(order, 40), path);
  return descriptor;
}

/**
 * Writes one page of the list of an area.
 *
 * @param page zero before
 * @param next address of the page that follows; 0 for none
 * @param runs as many as fit, see {@link vmallocCapacity}
 */
export function writeListPage(page: DataView, next: bigint, runs: Iterable<bigint>): void {
  writeKhoVmallocHdr(page, 0, { next });
  let at = KHO_VMALLOC_HDR_SIZE;
  for (const run of runs) {
    page.setBigUint64(at, run, true);
    at += ADDRESS;
  }
}

function writeChunks(place: Place, chunks: readonly bigint[], runs: readonly bigint[], path: string): void {
  const capacity = vmallocCapacity(place.pageSize);
  for (const [i, address] of chunks.entries()) {
    const bytes = new Uint8Array(place.pageSize);
    const own = runs.slice(i * capacity, (i + 1) * capacity);
    writeListPage(new DataView(bytes.buffer), chunks[i + 1] ?? 0n, own);
    place.put(address, bytes, path);
  }
}

/** Whole pages, as far as there are bytes: the tail of the last one reads as zero. */
function writeRuns(
  place: Place,
  bytes: Uint8Array,
  runs: readonly bigint[],
  runSize: number,
  path: string,
): void {
  for (const [i, run] of runs.entries()) {
    const start = i * runSize;
    if (start >= bytes.length) return;
    const part = bytes.subarray(start, start + runSize);
    const padded = new Uint8Array(Math.ceil(part.length / place.pageSize) * place.pageSize);
    padded.set(part);
    place.put(run, padded, path);
  }
}
