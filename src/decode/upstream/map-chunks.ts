/**
 * The preserved memory map of kho-v1: pages of pointers to bitmaps, each page for one order, linked
 * (kernel/kexec_handover.c of 6.16 to 7.0, kho_mem_serialize and kho_mem_deserialize).
 */
import { recordView } from '../../abi/record-view.js';
import type { MapChunk, PreservedMap, PreservedPages } from '../../abi/upstream/model.js';
import { blockSize, orderFits } from '../../memory/blocks.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';
import {
  KHOSER_MEM_BITMAP_PTR,
  khoserMemBitmapPtr,
  khoserMemChunkHdr,
  readKhoserMemChunkHdr,
} from '../../records/kho_map.js';
import { hex } from '../../schema/units.js';
import { bitsOf } from '../../structures/map/bitmaps.js';
import { chunkCapacity, pointerOffset } from '../../structures/map/pages.js';
import { dataView } from '../bytes.js';
import { type BitmapDecision, bitmapForm, type ChunkEvidence } from './bitmap-form.js';
import { createBlockBits } from './block-bits.js';
import { readKnown } from './pages.js';
import type { Reporter } from './report.js';
import { besideOf, clearHeader, clearUnlike, clearUnlikeBits, fitsHeader } from './reused.js';

/**
 * Walks the chain and reads every bitmap. No page is entered twice, so that the time is linear in the
 * pages that are there.
 *
 * @param head physical address of the first chunk; 0 gives an empty map
 */
export function decodeChunks(
  memory: PhysicalMemory,
  head: bigint,
  pageSize: number,
  evidence: ChunkEvidence,
  reporter: Reporter,
): { map: PreservedMap; pages: PreservedPages } {
  const { chunks, complete } = readChunks(memory, head, pageSize, reporter);
  const decision = bitmapForm(memory, chunks, pageSize, evidence);
  if (decision.ambiguous) {
    reporter.add(
      'bitmap-form-ambiguous',
      `nothing distinguishes 512-byte bitmaps (Linux 6.16, 6.17) from page-size ones (6.18 on); read as ${decision.bitmapSize}-byte bitmaps: choose the form with --assume bitmap-512 or bitmap-page`,
      { address: head, field: 'khoser_mem_chunk' },
    );
  }
  if (decision.conflict !== undefined) {
    reporter.add('bitmap-form-conflict', decision.conflict, { address: head, field: 'khoser_mem_chunk' });
  }
  return readBitmaps(memory, chunks, complete, pageSize, decision, reporter);
}

/** The chain of chunks as far as it can be followed. */
export function readChunks(
  memory: PhysicalMemory,
  head: bigint,
  pageSize: number,
  reporter: Reporter | undefined,
): { chunks: MapChunk[]; complete: boolean } {
  const chunks: MapChunk[] = [];
  const visited = new Set<number>();
  const capacity = chunkCapacity(pageSize);
  let from = 'preserved-memory-map';
  for (let address = head; address !== 0n; ) {
    const at = physicalAddress(address);
    if (at === undefined) {
      reporter?.add(
        'map-chunk-pointer',
        `${from} points to ${hex(address)}, which is not a physical address`,
        {
          address,
          field: 'khoser_mem_chunk_hdr.next',
        },
      );
      return { chunks, complete: false };
    }
    if (memory.budget?.take('map', pageSize) === false) return { chunks, complete: false };
    const frame = Math.floor(at / pageSize);
    if (visited.has(frame)) {
      reporter?.add('map-chunk-loop', `the chain of chunks loops back to ${hex(address)}`, {
        address,
        field: 'khoser_mem_chunk_hdr.next',
      });
      return { chunks, complete: false };
    }
    visited.add(frame);
    if (at % pageSize !== 0) {
      reporter?.add('map-chunk-pointer', `the chunk at ${hex(address)} is not page-aligned`, {
        address,
        field: 'khoser_mem_chunk_hdr.next',
      });
    }
    const page = readKnown(memory, at, pageSize);
    if (page === undefined || (page.absentAt !== undefined && page.absentAt < at + pointerOffset(0))) {
      reporter?.absent('chunk of the preserved memory map', address);
      return { chunks, complete: false };
    }
    if (reporter !== undefined) {
      const piece = { bytes: page.bytes, at };
      const what = 'chunk of the map';
      const claimed = readKhoserMemChunkHdr(dataView(page.bytes), 0).numElms;
      const end = pointerOffset(Math.min(claimed, capacity));
      const fits = claimed <= capacity;
      const around = () =>
        besideOf(page.bytes.subarray(end), at + end) || !fitsHeader(khoserMemChunkHdr, piece, fits);
      if (clearUnlike(reporter, khoserMemBitmapPtr, piece, pointerOffset(0), end, what, around) > 0)
        clearHeader(reporter, khoserMemChunkHdr, piece, fits, what);
    }
    const { next, order, numElms } = readKhoserMemChunkHdr(dataView(page.bytes), 0);
    let used = Math.min(numElms, capacity);
    if (numElms > capacity) {
      reporter?.add(
        'map-chunk-count',
        `the chunk at ${hex(address)} has num_elms ${numElms}, but a page has room for ${capacity} bitmaps`,
        { address, field: 'khoser_mem_chunk_hdr.num_elms' },
      );
    }
    if (page.absentAt !== undefined) {
      const known = Math.floor((page.absentAt - at - pointerOffset(0)) / (khoserMemBitmapPtr.size ?? 1));
      if (known < used) {
        reporter?.absent('rest of a chunk of the preserved memory map', page.absentAt);
        used = known;
      }
    }
    const pointers = recordView(
      khoserMemBitmapPtr,
      page.bytes.subarray(pointerOffset(0), pointerOffset(used)),
    );
    chunks.push({ address, next, order, numElms, pointers });
    from = `the chunk at ${hex(address)}`;
    address = next;
  }
  return { chunks, complete: chunks.every(({ numElms, pointers }) => numElms === pointers.length) };
}

function readBitmaps(
  memory: PhysicalMemory,
  chunks: readonly MapChunk[],
  chainComplete: boolean,
  pageSize: number,
  { bitmapSize, reason, ambiguous }: BitmapDecision,
  reporter: Reporter,
): { map: PreservedMap; pages: PreservedPages } {
  const bits = createBlockBits(pageSize);
  const pages: number[] = chunks.map(({ address }) => Number(address));
  const visited = new Set<number>();
  let complete = chainComplete;
  for (const { address, order, pointers } of chunks) {
    if (!orderFits(order, pageSize)) {
      complete = false;
      reporter.add(
        'map-order',
        `the chunk at ${hex(address)} has order ${order}, more than 64 bits of address`,
        {
          address,
          field: 'khoser_mem_chunk_hdr.order',
        },
      );
      continue;
    }
    const block = blockSize(order, pageSize);
    for (let i = 0; i < pointers.length; i++) {
      const pointer = pointers.at(i);
      const entry = address + BigInt(pointerOffset(i));
      const problem = pointerProblem(pointer, block);
      if (problem !== undefined) {
        complete = false;
        reporter.add(problem.code, `bitmap ${i} of the chunk at ${hex(address)}: ${problem.text}`, {
          address: entry + BigInt(KHOSER_MEM_BITMAP_PTR[problem.field]),
          field:
            problem.field === 'bitmap' ? 'khoser_mem_bitmap_ptr.bitmap' : 'khoser_mem_bitmap_ptr.phys_start',
        });
        continue;
      }
      const at = Number(pointer.bitmap);
      const place = Math.floor(at / bitmapSize);
      if (visited.has(place)) {
        complete = false;
        reporter.add('map-bitmap-shared', `the bitmap at ${hex(at)} is listed a second time`, {
          address: entry,
          field: 'khoser_mem_bitmap_ptr.bitmap',
        });
        continue;
      }
      visited.add(place);
      if (memory.budget?.take('map', bitmapSize) === false) {
        complete = false;
        break;
      }
      const page = readKnown(memory, at, bitmapSize);
      if (page?.absentAt !== undefined || page === undefined) {
        complete = false;
        reporter.absent('bitmap of the preserved memory map', page?.absentAt ?? at);
      }
      if (page === undefined) continue;
      if (clearUnlikeBits(reporter, { bytes: page.bytes, at }, 'bitmap of the map')) complete = false;
      pages.push(at);
      const room = ((1n << 64n) - pointer.physStart) / block;
      if (room < BigInt(bitsOf(bitmapSize)) && clearFrom(page.bytes, Number(room))) {
        complete = false;
        reporter.add('map-phys-start', `the bitmap at ${hex(at)} has blocks beyond 64 bits of address`, {
          address: entry,
          field: 'khoser_mem_bitmap_ptr.phys_start',
        });
      }
      bits.addBitmap(order, Number(pointer.physStart / block), page.bytes);
    }
  }
  return {
    map: {
      form: 'chunks',
      bitmapSize,
      bitmapReason: reason,
      ambiguous,
      complete,
      chunks,
      pages: Float64Array.from(pages),
    },
    pages: bits.finish(),
  };
}

/** Clears the bits from `first` on; returns whether any was set. */
function clearFrom(bytes: Uint8Array, first: number): boolean {
  let found = false;
  for (let at = first >>> 3; at < bytes.length; at++) {
    const keep = at === first >>> 3 ? (1 << (first & 7)) - 1 : 0;
    const byte = bytes[at] ?? 0;
    if ((byte & ~keep) !== 0) found = true;
    bytes[at] = byte & keep;
  }
  return found;
}

function pointerProblem(
  { physStart, bitmap }: { physStart: bigint; bitmap: bigint },
  block: bigint,
): { code: string; text: string; field: 'physStart' | 'bitmap' } | undefined {
  if (bitmap === 0n) return { code: 'map-bitmap-pointer', text: 'its address is 0', field: 'bitmap' };
  if (physicalAddress(bitmap) === undefined) {
    return { code: 'map-bitmap-pointer', text: `${hex(bitmap)} is not a physical address`, field: 'bitmap' };
  }
  if (physStart % block !== 0n) {
    return {
      code: 'map-phys-start',
      text: `phys_start ${hex(physStart)} is not a multiple of the block size ${hex(block)}; its blocks are left out`,
      field: 'physStart',
    };
  }
  return undefined;
}
