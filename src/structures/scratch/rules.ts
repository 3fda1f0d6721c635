/** Scratch, the memory that the next kernel uses before it knows what is preserved (upstream C1 to C7). */

import type { AddressRange, Location, SetupDataKho } from '../../abi/model.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { SETUP_DATA_SIZE } from '../../records/kho.js';
import { KHO_SCRATCH_SIZE, type KhoData, khoData, khoScratch } from '../../records/kho_root.js';
import { SCRATCH, SCRATCH_AND_MAP } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { fieldPlace, rulesOf } from '../../validate/shapes.js';
import { counted, hex, range, size } from '../../validate/text.js';
import { at, notePartMissing, pageBlockSize, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';

const rule = rulesOf({ generations: UPSTREAM });

/** Bytes that the kernel can map early: 64 pages of 4 KiB on x86, as much on arm64 (NR_FIX_BTMAPS). */
const EARLY_MAPPING = 256n * 1024n;

const KH = 'kernel/liveupdate/kexec_handover.c';

function regions(
  { handover: { scratch, setupData } }: RuleContext,
  report: Reporter,
): readonly AddressRange[] {
  if (scratch !== undefined) return scratch;
  if (setupData?.khoData === undefined) {
    report.skip('the scratch regions are not known: no setup_data, /chosen or debugfs names them');
  } else {
    report.absent('the scratch array', setupData.khoData.scratchAddr);
  }
  return [];
}

/** A field of struct kho_data, the payload of its setup_data element. */
function inData({ element }: SetupDataKho, id: keyof KhoData): Location {
  return fieldPlace(khoData, element + BigInt(SETUP_DATA_SIZE), id);
}

/** A field of a region in the array, as far as it is known where that is. */
function regionPlace({ handover }: RuleContext, i: number, id: 'addr' | 'size'): Location {
  const array = handover.setupData?.khoData?.scratchAddr;
  return fieldPlace(khoScratch, array === undefined ? undefined : array + BigInt(i * KHO_SCRATCH_SIZE), id);
}

const arraySize = rule({
  id: 'KHO-121',
  title: 'the scratch array consists of whole entries',
  severity: 'warning',
  source: 'upstream C1',
  evidence: `${KH} kho_populate`,
  consequence: 'the kernel ignores the incomplete entry at the end',
  needs: ['setup_data'],
  reads: SCRATCH,
  requires: ['KHO-103'],
  anyRoot: true,
  check({ handover: { setupData } }, report) {
    const size = setupData?.khoData?.scratchSize;
    if (setupData === undefined || size === undefined || size % BigInt(KHO_SCRATCH_SIZE) === 0n) return;
    report.finding({
      message: `kho_data.scratch_size is ${size}, not a multiple of ${KHO_SCRATCH_SIZE}`,
      location: inData(setupData, 'scratchSize'),
      found: `${size}`,
      expected: `a multiple of ${KHO_SCRATCH_SIZE}`,
    });
  },
});

const wholeArray = rule({
  id: 'KHO-128',
  title: 'the scratch array ends after its last region',
  severity: 'warning',
  source: 'upstream 2.1.4',
  evidence: `${KH} kho_populate (kho_scratch_cnt), kho_fill_kimage; kernel/kexec_core.c kimage_load_normal_segment (clears the page)`,
  consequence:
    'kho_scratch_cnt is scratch_size / 16. What follows in the page of the array is zero: a region there is left out, and neither this kernel nor any later one has it for early allocations and images. An entry of zeros is one that no kernel writes: it is added as an empty region, and counted from then on',
  needs: ['setup_data', 'memory'],
  reads: SCRATCH,
  requires: ['KHO-103', 'KHO-121', 'KHO-125'],
  anyRoot: true,
  check(context, report) {
    const { scratch, setupData, memory, pageSize, takenOver } = context.handover;
    const data = setupData?.khoData;
    if (data === undefined || setupData === undefined || memory === undefined) return;
    const entry = BigInt(KHO_SCRATCH_SIZE);
    const tell = (message: string, expected: bigint): void =>
      report.finding({
        message,
        location: inData(setupData, 'scratchSize'),
        found: `${data.scratchSize}`,
        expected: `${expected}`,
      });
    const list = regions(context, report);
    const used = list.findLastIndex(({ start, end }) => start !== 0n || end !== 0n) + 1;
    if (scratch !== undefined && used < list.length && used > 0) {
      tell(
        `kho_data.scratch_size is ${data.scratchSize}, for ${list.length} regions, but ${list.length - used} of them ${list.length - used === 1 ? 'is' : 'are'} all zeros`,
        entry * BigInt(used),
      );
      return;
    }
    const end = data.scratchAddr + data.scratchSize;
    // A running kernel has reserved the array alone: what follows it is memory as any other.
    if (end % BigInt(pageSize) === 0n || takenOver !== undefined) return;
    const more = readBytes(memory, end, KHO_SCRATCH_SIZE);
    if (more === undefined) report.skip('what follows the scratch array is not in the dump', 'not-given');
    else if (more.some((byte) => byte !== 0))
      tell(
        `kho_data.scratch_size is ${data.scratchSize}, for ${counted(list.length, 'region')}, but another one follows in the array`,
        data.scratchSize + entry,
      );
  },
});

const someRegion = rule({
  id: 'KHO-122',
  title: 'at least one scratch region is not empty',
  source: 'upstream C2',
  evidence: `${KH} kho_populate`,
  consequence:
    'all early allocation is confined to scratch, so the next kernel dies at boot without a message',
  anyRoot: true,
  reads: SCRATCH,
  check(context, report) {
    const { scratch } = context.handover;
    if (scratch === undefined) regions(context, report);
    else if (!scratch.some(({ start, end }) => end > start)) {
      report.finding({
        message: `${counted(scratch.length, 'scratch region')}, all of them empty`,
        location: regionPlace(context, 0, 'size'),
      });
    }
  },
});

const soundRegions = rule({
  id: 'KHO-123',
  title: 'scratch regions are whole pages below 2^52',
  source: 'upstream C3',
  evidence: `${KH} kho_populate`,
  consequence:
    'any range is added as RAM: the next kernel allocates where there is no memory, and dies at boot',
  anyRoot: true,
  reads: SCRATCH,
  check(context, report) {
    const page = BigInt(context.handover.pageSize);
    for (const [i, { start, end }] of regions(context, report).entries()) {
      // The kernel keeps a region for each purpose and node, and leaves some of them empty.
      if (start === end) continue;
      const beyond = end > BigInt(PHYSICAL_LIMIT);
      if (!beyond && start % page === 0n && end % page === 0n) continue;
      report.finding({
        severity: beyond ? 'error' : 'warning',
        message: `scratch region ${i}, ${range(start, end)}, ${beyond ? 'ends beyond 2^52' : 'does not consist of whole pages'}`,
        location: regionPlace(context, i, 'addr'),
        found: `${hex(start)}-${hex(end)}`,
      });
    }
  },
});

/** A page block that CONFIG_PAGE_BLOCK_MAX_ORDER makes smaller than this is ignored. */
const SMALLEST_BLOCK = 2n * 1024n * 1024n;

const wholeBlocks = rule({
  id: 'KHO-190',
  title: 'scratch regions consist of whole page blocks',
  severity: 'warning',
  source: 'upstream C3, corrections (Scratch)',
  evidence: `${KH} kho_init, SCRATCH_ALIGNMENT_BYTES; mm/mm_init.c init_cma_reserved_pageblock; include/linux/kexec_handover.h kho_scratch_migratetype`,
  consequence:
    'the kernel that reserved the regions at the cold boot gives them to its page allocator in whole page blocks: memory after the end of a region in its last block is freed with it, even if it is in use. Every later kernel uses such a block for CMA. Kernels align regions to page blocks, but until a fix of mid 2026 they use the sizes from kho_scratch= unaligned',
  requires: ['KHO-123'],
  reads: SCRATCH_AND_MAP,
  check(context, report) {
    const { pageSize } = context.handover;
    const page = BigInt(pageSize);
    const block = BigInt(pageBlockSize(pageSize));
    for (const [i, { start, end }] of regions(context, report).entries()) {
      // Regions of half pages are KHO-123.
      if (start === end || start % page !== 0n || end % page !== 0n) continue;
      const off = [...(start % block === 0n ? [] : [start]), ...(end % block === 0n ? [] : [end])];
      const [first] = off;
      if (first === undefined) continue;
      const small = off.some((edge) => edge % SMALLEST_BLOCK !== 0n);
      report.finding({
        ...(small ? {} : { severity: 'note' as const }),
        message: `scratch region ${i}, ${range(start, end)}, ${
          off.length === 2 ? 'begins and ends' : first === start ? 'begins' : 'ends'
        } within a page block of ${size(block)}${behind(context, end, block)}`,
        location: regionPlace(context, i, first === start ? 'addr' : 'size'),
        found: hex(first),
        expected: `a multiple of ${hex(block)}`,
      });
    }
  },
});

/** What is preserved after a region's end in its last page block, in words. */
function behind({ handover: { preserved } }: RuleContext, end: bigint, block: bigint): string {
  const rest = block - (end % block);
  if (rest === block || preserved?.pages === undefined) return '';
  let kept = rest;
  for (const gap of preserved.pages.uncovered(end, end + rest)) kept -= gap.end - gap.start;
  return kept === 0n ? '' : `; ${size(kept)} after its end in that block are preserved`;
}

const disjointRegions = rule({
  id: 'KHO-124',
  title: 'scratch regions do not overlap',
  severity: 'warning',
  source: 'upstream C4',
  evidence: 'mm/memblock.c memblock_add',
  consequence: 'merged by the next kernel; no kernel writes such regions',
  anyRoot: true,
  reads: SCRATCH,
  check(context, report) {
    const sorted = regions(context, report)
      .map((region, i) => ({ ...region, i }))
      .filter(({ start, end }) => end > start)
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    let before: (AddressRange & { i: number }) | undefined;
    for (const region of sorted) {
      if (before !== undefined && region.start < before.end) {
        report.finding({
          message: `scratch region ${region.i}, ${range(region.start, region.end)}, overlaps region ${before.i}, ${range(before.start, before.end)}`,
          location: regionPlace(context, region.i, 'addr'),
        });
      }
      if (before === undefined || region.end > before.end) before = region;
    }
  },
});

const mappableArray = rule({
  id: 'KHO-125',
  title: 'the tree and the scratch array can be mapped early',
  source: 'upstream C5',
  evidence: `${KH} kho_populate; NR_FIX_BTMAPS in asm/fixmap.h`,
  consequence:
    'mapping them fails: "disabling KHO revival", and the preserved memory is lost; at physical page 0 the kernel takes the contents of that page for its scratch regions',
  needs: ['setup_data'],
  requires: ['KHO-103'],
  anyRoot: true,
  check({ handover: { setupData } }, report) {
    const data = setupData?.khoData;
    if (setupData === undefined || data === undefined) return;
    if (data.scratchAddr === 0n || data.scratchAddr + data.scratchSize > BigInt(PHYSICAL_LIMIT)) {
      report.finding({
        message: `kho_data.scratch_addr is ${hex(data.scratchAddr)}, ${data.scratchAddr === 0n ? 'where the loader never places anything' : `and the array's ${data.scratchSize} bytes end beyond 2^52`}`,
        location: inData(setupData, 'scratchAddr'),
        found: hex(data.scratchAddr),
        expected: 'an address in scratch',
      });
    }
    for (const id of ['fdtSize', 'scratchSize'] as const) {
      const size = data[id];
      if (size <= EARLY_MAPPING) continue;
      const location = inData(setupData, id);
      report.finding({
        message: `${location.field} is ${hex(size)}, more than the ${hex(EARLY_MAPPING)} bytes of an early mapping`,
        location,
        found: hex(size),
        expected: `at most ${hex(EARLY_MAPPING)}`,
      });
    }
  },
});

const clearOfScratch = rule({
  id: 'KHO-126',
  title: 'no preserved block is in scratch',
  source: 'upstream C6',
  evidence: `${KH} kho_preserve_folio, kho_preserve_pages`,
  consequence:
    'the next kernel has used scratch before it reads the map: memory preserved there is overwritten. The old kernel refuses it only with CONFIG_KEXEC_HANDOVER_DEBUG',
  needs: ['memory'],
  reads: SCRATCH_AND_MAP,
  requires: ['KHO-123'],
  check(context, report) {
    const scratch = regions(context, report);
    const pages = wholeMap(context, report);
    if (pages === undefined) return;
    for (const [i, { start, end }] of scratch.entries()) {
      let from = start;
      const preserved = (to: bigint): void => {
        if (to <= from) return;
        report.finding({
          message: `${range(from, to)} is preserved and in scratch region ${i}, ${range(start, end)}`,
          location: at(from),
        });
      };
      for (const gap of pages.uncovered(start, end)) {
        preserved(gap.start);
        from = gap.end;
      }
      preserved(end);
    }
  },
});

const mapClearOfScratch = rule({
  id: 'KHO-127',
  title: 'no page of the map is in scratch',
  source: 'upstream C7',
  evidence: `${KH} new_chunk, xa_load_or_alloc in 6.18 to 7.0 (a warning in debug builds); not checked in 7.3`,
  consequence: 'the next kernel may overwrite it before it has read what is preserved',
  needs: ['memory'],
  reads: SCRATCH_AND_MAP,
  requires: ['KHO-123'],
  check(context, report) {
    const scratch = regions(context, report).map(({ start, end }) => [Number(start), Number(end)] as const);
    notePartMissing(context, report);
    for (const page of context.handover.preservedMap?.pages ?? []) {
      const i = scratch.findIndex(([start, end]) => page >= start && page < end);
      if (i < 0) continue;
      report.finding({
        message: `the map's page at ${hex(page)} is in scratch region ${i}`,
        location: at(page),
      });
    }
  },
});

export const scratchRules: readonly Rule[] = [
  arraySize,
  someRegion,
  soundRegions,
  wholeBlocks,
  disjointRegions,
  mappableArray,
  wholeArray,
  clearOfScratch,
  mapClearOfScratch,
];
