/** Arrays of records, and vmalloc areas as the kernel's writers make them (upstream 3.1). */
import { vmallocCapacity } from '../../decode/upstream/vmalloc.js';
import {
  KHO_VMALLOC_HDR_SIZE,
  type KhoVmalloc,
  KhoVmallocFlags,
  writeKhoVmallocHdr,
} from '../../records/vmalloc.js';
import type { RecordType } from '../../schema/record.js';
import { ModelError } from '../from-json.js';
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
  if (order > 40 && runs.length > 0) throw new ModelError(`${path}.order: ${order} is too large`);
  writeRuns(place, bytes, runs, pageSize * 2 ** order, path);
  return descriptor;
}

function writeChunks(place: Place, chunks: readonly bigint[], runs: readonly bigint[], path: string): void {
  const capacity = vmallocCapacity(place.pageSize);
  for (const [i, address] of chunks.entries()) {
    const bytes = new Uint8Array(place.pageSize);
    const view = new DataView(bytes.buffer);
    writeKhoVmallocHdr(view, 0, { next: chunks[i + 1] ?? 0n });
    for (const [j, run] of runs.slice(i * capacity, (i + 1) * capacity).entries()) {
      view.setBigUint64(KHO_VMALLOC_HDR_SIZE + j * ADDRESS, run, true);
    }
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
