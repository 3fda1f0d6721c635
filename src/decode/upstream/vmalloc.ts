/**
 * Preserved vmalloc areas: a descriptor and a chain of pages that list runs of physical pages
 * (kernel/liveupdate/kexec_handover.c, kho_preserve_vmalloc and kho_restore_vmalloc).
 */
import type { VmallocArea } from '../../abi/upstream/model.js';
import { physicalAddress } from '../../memory/read.js';
import {
  KHO_VMALLOC_HDR_SIZE,
  type KhoVmalloc,
  KhoVmallocFlags,
  khoVmallocHdr,
  readKhoVmallocHdr,
} from '../../records/vmalloc.js';
import { hex } from '../../schema/units.js';
import { dataView } from '../bytes.js';
import { type Context, claim } from './context.js';
import { readKnown } from './pages.js';
import { clearHeader, clearUnlikeAddresses } from './reused.js';

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;
/** Orders above this do not make sense to any kernel, and their run would not fit the address space. */
const MAX_ORDER = 40;

/** Runs that fit a list page. */
export function vmallocCapacity(pageSize: number): number {
  return (pageSize - KHO_VMALLOC_HDR_SIZE) / ADDRESS;
}

/**
 * Follows the chain. The first 0 ends a page's list, as it does for the kernel; an empty last page is
 * what the kernel's writer leaves after a full one.
 *
 * @param owner whose area it is, for messages
 */
export function readVmalloc(context: Context, descriptor: KhoVmalloc, owner: string): VmallocArea {
  const { memory, pageSize, reporter } = context;
  const chunks: number[] = [];
  const runs: number[] = [];
  const perRun = 2 ** Math.min(descriptor.order, MAX_ORDER);
  const wanted = Math.ceil(descriptor.totalPages / perRun);
  const field = 'kho_vmalloc_hdr.next';
  let complete = true;
  const stop = (code: string, message: string, address: bigint): void => {
    complete = false;
    reporter.add(code, `${owner}: ${message}`, { address, field });
  };
  if (descriptor.order > MAX_ORDER) {
    stop('vmalloc-order', `kho_vmalloc.order is ${descriptor.order}`, descriptor.first);
  }
  if ((descriptor.flags & ~(KhoVmallocFlags.alloc | KhoVmallocFlags.hugeVmap)) !== 0) {
    reporter.add(
      'vmalloc-flags',
      `${owner}: kho_vmalloc.flags has undefined bits: ${hex(descriptor.flags)}`,
      {
        field: 'kho_vmalloc.flags',
      },
    );
  }
  for (let next = descriptor.first; next !== 0n; ) {
    const at = physicalAddress(next);
    if (at === undefined) {
      stop('vmalloc-pointer', `${hex(next)} is not a physical address`, next);
      break;
    }
    if (!claim(context, at)) {
      stop(
        'vmalloc-shared',
        `the list page at ${hex(next)} already belongs to a list (a loop, or two owners)`,
        next,
      );
      break;
    }
    const page = readKnown(memory, at, pageSize);
    if (page === undefined || page.absentAt !== undefined) {
      complete = false;
      reporter.absent(`list page of ${owner}`, page?.absentAt ?? next);
      if (page === undefined) break;
    }
    chunks.push(at);
    const view = dataView(page.bytes);
    const piece = { bytes: page.bytes, at };
    const what = `list page of ${owner}`;
    let end = KHO_VMALLOC_HDR_SIZE;
    while (end < pageSize && view.getBigUint64(end, true) !== 0n) end += ADDRESS;
    if (clearUnlikeAddresses(reporter, piece, KHO_VMALLOC_HDR_SIZE, end, what) > 0)
      clearHeader(reporter, khoVmallocHdr, piece, true, what);
    for (let i = 0; i < vmallocCapacity(pageSize); i++) {
      const offset = KHO_VMALLOC_HDR_SIZE + i * ADDRESS;
      const run = view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
      if (run === 0) break;
      runs.push(run);
    }
    if (runs.length > wanted) {
      stop(
        'vmalloc-pages',
        `the list has more than the ${descriptor.totalPages} pages of the descriptor`,
        next,
      );
      runs.length = wanted;
      break;
    }
    ({ next } = readKhoVmallocHdr(view, 0));
  }
  if (complete && runs.length !== wanted) {
    complete = false;
    reporter.add(
      'vmalloc-pages',
      `${owner}: the list has ${runs.length * perRun} pages, but total_pages is ${descriptor.totalPages}`,
      { address: descriptor.first, field: 'kho_vmalloc.total_pages' },
    );
  }
  return {
    descriptor,
    chunks: Float64Array.from(chunks),
    runs: Float64Array.from(runs),
    runSize: perRun * pageSize,
    complete,
  };
}

/** Bytes that the listed runs hold together, at most what the descriptor says. */
export function areaLength({ runs, runSize, descriptor }: VmallocArea, pageSize: number): number {
  return Math.min(runs.length * runSize, descriptor.totalPages * pageSize);
}

/**
 * Reads from an area by its virtual offset.
 *
 * @param offset bytes from the area's start; offset + length is within {@link areaLength}
 * @returns how many leading bytes are known
 */
export function readArea(
  { memory }: Pick<Context, 'memory'>,
  { runs, runSize }: VmallocArea,
  offset: number,
  length: number,
  into: Uint8Array,
): number {
  let done = 0;
  while (done < length) {
    const at = offset + done;
    const index = Math.floor(at / runSize);
    const run = runs[index];
    if (run === undefined) break;
    const within = at - index * runSize;
    // Runs that are next to each other in memory too are read together.
    let reach = runSize - within;
    for (let next = index + 1; reach < length - done && runs[next] === run + (next - index) * runSize; next++)
      reach += runSize;
    const size = Math.min(length - done, reach);
    const start = physicalAddress(run + within);
    const known = start === undefined ? 0 : memory.read(start, size, into.subarray(done));
    done += known;
    if (known < size) break;
  }
  return done;
}

/** Physical address of a byte of an area, for messages. */
export function areaAddress(
  { runs, runSize }: Pick<VmallocArea, 'runs' | 'runSize'>,
  offset: number,
): bigint {
  const index = Math.floor(offset / runSize);
  return BigInt((runs[index] ?? 0) + (offset - index * runSize));
}
