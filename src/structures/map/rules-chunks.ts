/** The preserved memory map as chunks and bitmaps, kho-v1 (upstream M1 to M8). */

import type { MapChunk } from '../../abi/upstream/model.js';
import { blockSize, largestIntOrder } from '../../memory/blocks.js';
import { physicalAddress } from '../../memory/read.js';
import { MAP } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import {
  eachRule,
  fieldPlace,
  fieldRule,
  placeIn,
  type Records,
  roomFault,
  rulesOf,
} from '../../validate/shapes.js';
import { hex } from '../../validate/text.js';
import { at, CHUNKS, notePartMissing, reportDiagnostics } from '../../validate/upstream/shared.js';
import { bitmapSpan } from './bitmaps.js';
import { chunkCapacity, MAP_CHUNKS, pointerOffset } from './pages.js';

const DESERIALIZE = 'kernel/kexec_handover.c kho_mem_deserialize (6.16 to 7.0)';
const BITMAP = 'kernel/kexec_handover.c deserialize_bitmap (6.16 to 7.0)';

const CHAIN = {
  shared: { generations: CHUNKS, needs: ['memory'], reads: MAP },
  each(context: RuleContext, report: Reporter): readonly MapChunk[] {
    notePartMissing(context, report);
    return context.handover.preservedMap?.chunks ?? [];
  },
  model: (chunk) => chunk,
  name: ({ address }) => `the chunk at ${hex(address)}`,
  record: () => MAP_CHUNKS.chain.header,
  address: ({ address }) => address,
} satisfies Records<MapChunk, MapChunk>;
const rule = rulesOf(CHAIN.shared);

function pointer({ address }: MapChunk, index: number, field: 'physStart' | 'bitmap') {
  return fieldPlace(MAP_CHUNKS.list.element.record, address + BigInt(pointerOffset(index)), field);
}

const chunkChain = rule({
  id: 'KHO-131',
  title: 'the chain of chunks terminates',
  source: 'upstream M1',
  evidence: DESERIALIZE,
  consequence: 'the next kernel never leaves the loop that follows the chain',
  check(context, report) {
    const { pageSize, memory } = context.handover;
    const chunks = CHAIN.each(context, report);
    const last = chunks.at(-1);
    if (last === undefined || last.next === 0n) return;
    const next = physicalAddress(last.next);
    const frame = next === undefined ? -1 : Math.floor(next / pageSize);
    const back = chunks.findIndex(({ address }) => Math.floor(Number(address) / pageSize) === frame);
    if (next !== undefined && back < 0 && memory?.read(next, 1, new Uint8Array(1)) !== 1) {
      report.absent('a chunk of the preserved memory map', last.next);
      return;
    }
    report.finding({
      message:
        back < 0
          ? `next of the chunk at ${hex(last.address)} is ${hex(last.next)}, which is not a physical address`
          : `next of chunk ${chunks.length - 1} at ${hex(last.address)} leads back to chunk ${back} at ${hex(last.next)}`,
      location: placeIn(CHAIN, last, 'next'),
      found: hex(last.next),
    });
  },
});

const chunkCount = eachRule(CHAIN, {
  id: 'KHO-132',
  title: 'num_elms of a chunk does not exceed the room in a page',
  source: 'upstream M2',
  evidence: DESERIALIZE,
  consequence: 'the next kernel takes the memory after the page for bitmap pointers',
  faults: (chunk, { handover: { pageSize } }) =>
    roomFault(
      `num_elms of ${CHAIN.name(chunk)}`,
      chunk.numElms,
      'a page',
      chunkCapacity(pageSize),
      placeIn(CHAIN, chunk, 'numElms'),
    ),
});

const bitmapAddress = eachRule(CHAIN, {
  id: 'KHO-133',
  title: 'every bitmap pointer is a physical address',
  source: 'upstream M3',
  evidence: BITMAP,
  consequence: 'the next kernel dereferences it unchecked and faults',
  *faults(chunk, context) {
    const capacity = chunkCapacity(context.handover.pageSize);
    // With a count that does not fit (KHO-132) the end of the pointers is not known.
    if (chunk.numElms > capacity) return;
    for (let i = 0; i < chunk.pointers.length; i++) {
      const { bitmap } = chunk.pointers.at(i);
      if (bitmap !== 0n && physicalAddress(bitmap) !== undefined) continue;
      yield {
        message: `bitmap ${i} of the chunk at ${hex(chunk.address)} is at ${hex(bitmap)}`,
        location: pointer(chunk, i, 'bitmap'),
        found: hex(bitmap),
      };
    }
  },
});

const chunkOrder = fieldRule(CHAIN, 'order', {
  id: 'KHO-134',
  title: "the size of a chunk's blocks fits in 31 bits",
  source: 'upstream M4',
  evidence: BITMAP,
  consequence:
    'the kernel computes the size in a 32-bit int, which overflows: it reserves other memory, or none',
  // The size is computed bitmap by bitmap (deserialize_bitmap): of none, never.
  allows: (order, { numElms }, { handover }) => order <= largestIntOrder(handover.pageSize) || numElms === 0,
  found: String,
  expected: (_order, _chunk, { handover }) => `at most ${largestIntOrder(handover.pageSize)}`,
});

const bitmapStart = eachRule(CHAIN, {
  id: 'KHO-136',
  title: 'phys_start is a multiple of the range that its bitmap covers',
  source: 'upstream M6',
  evidence: BITMAP,
  consequence:
    'the kernel reserves blocks that are not aligned to their size; restoring them gives broken folios',
  requires: ['KHO-134'],
  *faults(chunk, context) {
    // Of a chunk without bitmaps the order is not judged (KHO-134): it may be any 32-bit number.
    if (chunk.pointers.length === 0) return;
    const { pageSize, preservedMap } = context.handover;
    const block = blockSize(chunk.order, pageSize);
    const span = bitmapSpan(chunk.order, preservedMap?.bitmapSize ?? pageSize, pageSize);
    for (let i = 0; i < chunk.pointers.length; i++) {
      const { physStart } = chunk.pointers.at(i);
      if (physStart % span === 0n) continue;
      const unaligned = physStart % block !== 0n;
      yield {
        severity: unaligned ? 'error' : 'warning',
        message: `phys_start ${i} of the chunk at ${hex(chunk.address)} is ${hex(physStart)}, not a multiple of ${
          unaligned ? `the block size ${hex(block)}` : `the ${hex(span)} bytes that a bitmap covers`
        }`,
        location: pointer(chunk, i, 'physStart'),
        found: hex(physStart),
      };
    }
  },
});

const bitmapsOnce = rule({
  id: 'KHO-137',
  title: 'no order has two bitmaps for the same memory',
  severity: 'warning',
  source: 'upstream M7',
  evidence: BITMAP,
  consequence: "harmless, as the blocks of both are reserved; the kernel's writer never does it",
  requires: ['KHO-134', 'KHO-136'],
  check(context, report) {
    const seen = new Set<string>();
    for (const chunk of CHAIN.each(context, report)) {
      for (let i = 0; i < chunk.pointers.length; i++) {
        const { physStart } = chunk.pointers.at(i);
        const key = `${chunk.order}:${physStart}`;
        if (seen.has(key)) {
          report.finding({
            message: `a second bitmap of order ${chunk.order} for ${hex(physStart)}`,
            location: pointer(chunk, i, 'physStart'),
          });
        }
        seen.add(key);
      }
    }
  },
});

const bitmapForm = rule({
  id: 'KHO-138',
  title: 'the map shows whether its bitmaps have 512 bytes or a page',
  severity: 'warning',
  source: 'upstream M8, Q1',
  evidence: 'kernel/kexec_handover.c of 6.17 and 6.18 (struct kho_mem_phys_bits)',
  consequence:
    '6.16 and 6.17 read 512-byte bitmaps, 6.18 to 7.0 page-size ones, and nothing distinguishes them: the wrong kernel reserves blocks other than those preserved',
  check(context, report) {
    const { handover } = context;
    notePartMissing(context, report);
    reportDiagnostics(handover, report, 'bitmap-form-conflict');
    const { preservedMap, preservedMemoryMap } = handover;
    if (preservedMap?.ambiguous !== true) return;
    report.finding({
      severity: 'note',
      message: `nothing in the dump shows the size of the bitmaps; they are read as ${preservedMap.bitmapSize} bytes each`,
      location: at(preservedMemoryMap),
    });
  },
});

export const chunkRules: readonly Rule[] = [
  chunkChain,
  chunkCount,
  bitmapAddress,
  chunkOrder,
  bitmapStart,
  bitmapsOnce,
  bitmapForm,
];
