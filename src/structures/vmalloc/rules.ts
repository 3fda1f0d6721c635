/** Preserved vmalloc areas (upstream V1 to V10). */

import type { Location } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { splitOrder } from '../../memory/blocks.js';
import { physicalAddress } from '../../memory/read.js';
import { KHO_VMALLOC_HDR_SIZE, KhoVmallocFlags, khoVmalloc } from '../../records/vmalloc.js';
import { type BrokenChain, findAreas, type PlacedArea } from '../../references/chains.js';
import { type Piece, preservedRule } from '../../validate/preserved.js';
import { VMALLOC } from '../../validate/reads.js';
import type { Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { at, hasRunSize, maxPageOrder, orderAt, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { factsOf } from '../../versions/generations.js';

const RESTORE = 'kernel/liveupdate/kexec_handover.c kho_restore_vmalloc';
const FLAGS = KhoVmallocFlags.alloc | KhoVmallocFlags.hugeVmap;
/** kvmalloc refuses more than INT_MAX bytes (mm/slub.c, __kvmalloc_node_noprof), and the page array has 8 a page. */
const MAX_PAGES = 0x7fff_ffff / 8;

/** Areas; without one the rule does not apply. */
const AREAS: Elements<PlacedArea> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: VMALLOC },
  each({ handover }, report) {
    const areas = findAreas(handover);
    if (areas.length === 0) report.skip('the dump hands over no vmalloc area');
    return areas;
  },
  subject: ({ subject }) => subject,
};

/** A field of a descriptor, where that is in memory. */
function inDescriptor(descriptor: Location, id: string): Location {
  return { ...descriptor, ...fieldPlace(khoVmalloc, descriptor.address, id) };
}

/** Above it the order is what is doubtful (VMALLOC-003), and with it every size that follows from it. */
function saneOrder({ area }: PlacedArea, { handover }: RuleContext): boolean {
  return area.descriptor.order <= maxPageOrder(handover.pageSize);
}

/** Pages of the runs that the list has. */
function listedPages({ area, pages }: PlacedArea): number {
  return pages.reduce((sum, { used }) => sum + used, 0) * 2 ** area.descriptor.order;
}

/** What an order makes of the list, where it is not what total_pages says. */
function listText(placed: PlacedArea): string {
  const { totalPages } = placed.area.descriptor;
  const listed = listedPages(placed);
  return listed === totalPages
    ? ''
    : `: its list has ${counted(listed, 'page')}, but total_pages is ${totalPages}`;
}

const pageCount = eachRule(AREAS, {
  id: 'VMALLOC-001',
  title: 'the listed runs add up to total_pages',
  source: 'upstream V1',
  evidence: RESTORE,
  consequence: 'the area is not restored; pages restored before the kernel noticed are lost',
  *faults(placed, context, report) {
    const { owner, subject, area, broken, descriptor } = placed;
    const { totalPages, first } = area.descriptor;
    if (!saneOrder(placed, context) || first === 0n || totalPages > MAX_PAGES) return;
    if (broken?.kind === 'absent') report.absent(`a list page of ${owner}`, broken.next);
    // A chain that is broken otherwise is a finding of its own.
    if (broken !== undefined && broken.kind !== 'unread') return;
    const listed = listedPages(placed);
    if (listed === totalPages) return;
    yield {
      subject,
      message: `${owner}: the list has ${counted(listed, 'page')}, but total_pages is ${totalPages}`,
      location: inDescriptor(descriptor, 'totalPages'),
      found: `${listed}`,
      expected: `${totalPages}`,
    };
  },
});

const definedFlags = eachRule(AREAS, {
  id: 'VMALLOC-002',
  title: 'kho_vmalloc.flags has only defined bits set',
  severity: 'warning',
  source: 'upstream V2',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_flags_to_vmalloc',
  consequence: 'other bits are dropped silently: the area is not mapped the way it was',
  *faults({ owner, area, descriptor }) {
    const { flags } = area.descriptor;
    if ((flags & ~FLAGS) === 0) return;
    yield {
      message: `${owner}: kho_vmalloc.flags is ${hex(flags)}`,
      location: inDescriptor(descriptor, 'flags'),
      found: hex(flags),
      expected: `bits of ${hex(FLAGS)}`,
    };
  },
});

const runOrder = eachRule(AREAS, {
  id: 'VMALLOC-003',
  title: 'kho_vmalloc.order does not exceed MAX_PAGE_ORDER',
  source: 'upstream V3',
  evidence: `${RESTORE}, kho_restore_page`,
  consequence:
    'Linux 6.18 to 7.0 refuse to restore blocks of such an order. From 7.1 on nothing checks it: a warning, as no allocation has such runs, and the area is restored if they are preserved and add up to total_pages. Where PAGE_SHIFT + order is 31 or more, size and alignment of a run overflow in every release',
  *faults(placed, context) {
    const { pageSize, generation } = context.handover;
    const limit = maxPageOrder(pageSize);
    const { owner, subject, area, descriptor } = placed;
    if (area.descriptor.order <= limit) return;
    const overflows = !hasRunSize(area.descriptor.order, pageSize);
    // Of what overflows there is no number of pages.
    const what = overflows ? ', and the size of a run overflows' : listText(placed);
    yield {
      subject,
      severity: overflows || factsOf(generation)?.map === 'chunks' ? 'error' : 'warning',
      message: `${owner}: kho_vmalloc.order is ${area.descriptor.order}${what}`,
      location: inDescriptor(descriptor, 'order'),
      found: `${area.descriptor.order}`,
      expected: `at most ${limit}`,
    };
  },
});

/** Where a list goes on after its last page. */
function linkOf({ pages, location }: PlacedArea): Location {
  const last = pages.at(-1);
  return last === undefined ? location : at(last.address, 'kho_vmalloc_hdr.next');
}

function whyNotOwn(kind: BrokenChain['kind'], { area, pages }: PlacedArea): string | undefined {
  if (kind === 'loop') return 'already in the list';
  if (kind === 'shared') return 'a list page of another area';
  // Decoding stops at a page that it has read as something else, and when there are too many runs (VMALLOC-001).
  const { totalPages, order } = area.descriptor;
  const runs = pages.reduce((sum, { used }) => sum + used, 0);
  return kind === 'unread' && runs <= Math.ceil(totalPages / 2 ** order)
    ? 'a page of a list of records'
    : undefined;
}

const listChain = eachRule(AREAS, {
  id: 'VMALLOC-004',
  title: 'the list of a vmalloc area has no loop, and its pages are not shared',
  source: 'upstream V4',
  evidence: RESTORE,
  consequence:
    'a page is not restored twice: the kernel warns and gives up on the area, after reading a freed page',
  *faults(placed) {
    const { owner, broken } = placed;
    const why = broken === undefined ? undefined : whyNotOwn(broken.kind, placed);
    if (broken === undefined || why === undefined) return;
    yield {
      message: `${owner}: its list continues at ${hex(broken.next)}, which is ${why}`,
      location: linkOf(placed),
      found: hex(broken.next),
    };
  },
});

/** A list page, or what comes after those that the dump holds. */
interface ListedPage extends Piece {
  readonly after?: true;
  /** A block of its order is not restored. */
  readonly most: number;
}

const listPages = preservedRule(AREAS, {
  id: 'VMALLOC-005',
  title: 'every list page of a vmalloc area is preserved as a single page',
  source: 'upstream V5, corrections (vmalloc)',
  evidence: `${RESTORE}, kho_restore_page`,
  consequence:
    'unless a preserved block starts there, neither the page nor the area can be restored. The first page of a larger block is restored, and the other pages of the block are lost until the next cold boot: a warning',
  *before(placed) {
    const { owner, broken } = placed;
    if (broken?.kind !== 'pointer') return;
    yield {
      message: `${owner}: its list continues at ${hex(broken.next)}, which is not a physical address`,
      location: linkOf(placed),
      found: hex(broken.next),
    };
  },
  *pieces({ pages, broken }, { handover: { generation, pageSize } }): Generator<ListedPage> {
    const most = factsOf(generation)?.map === 'chunks' ? maxPageOrder(pageSize) : Number.POSITIVE_INFINITY;
    if (broken?.kind === 'absent') yield { start: broken.next, preserved: 'bytes', after: true, most };
    for (const { address } of pages) yield { start: BigInt(address), preserved: 'page', most };
  },
  fault({ kind, order }, { start, after, most }, placed) {
    const { owner } = placed;
    if (after === true)
      return {
        message: `${owner}: its list continues at ${hex(start)}, which is not preserved`,
        location: linkOf(placed),
        found: hex(start),
      };
    const message = `${owner}: its list page at ${hex(start)}`;
    const location = at(start);
    if (kind === 'larger')
      return {
        ...(order > most ? {} : { severity: 'warning' }),
        message: `${message} is the first of a block of order ${order}`,
        location,
        found: `order ${order}`,
        expected: 'order 0',
      };
    return {
      message: `${message} ${kind === 'within' ? 'is within a preserved block' : 'is not preserved'}`,
      location,
    };
  },
});

/** A run of an area, and the map, where both can be judged. */
const RUNS: Elements<{ placed: PlacedArea; map: PreservedPages; index: number; run: number }> = {
  shared: AREAS.shared,
  *each(context, report) {
    const areas = AREAS.each(context, report);
    const map = wholeMap(context, report);
    if (map === undefined) return;
    for (const placed of areas) {
      if (!saneOrder(placed, context)) continue;
      for (const [index, run] of placed.area.runs.entries()) yield { placed, map, index, run };
    }
  },
  subject: ({ placed }) => placed.subject,
};

const runsPreserved = eachRule(RUNS, {
  id: 'VMALLOC-006',
  title: 'every run of a vmalloc area is aligned and preserved',
  source: 'upstream V6',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_restore_pages',
  consequence:
    'where no preserved block starts, restoring the area fails; memory that is not preserved is handed out and overwritten. An unaligned run is restored in the blocks it was preserved in, and the low bits of its address are dropped: a warning, as no allocation has such runs',
  requires: ['VMALLOC-003'],
  faults({ placed: { owner, area }, map, index, run }) {
    const why = runFault(map, run, area.descriptor.order);
    if (why === undefined && run % area.runSize === 0) return undefined;
    return {
      ...(why === undefined ? { severity: 'warning' as const } : {}),
      message: `${owner}: run ${index} at ${hex(run)} ${why ?? `is not aligned to its ${hex(area.runSize)} bytes`}`,
      location: at(run),
      found: hex(run),
    };
  },
});

/** What keeps a run of 2^order pages from being restored, in the steps of kho_restore_pages; undefined for nothing. */
function runFault(map: PreservedPages, run: number, order: number): string | undefined {
  const start = physicalAddress(run);
  if (start === undefined) return 'is not a physical address';
  const first = Math.floor(start / map.pageSize);
  const end = first + 2 ** order;
  for (let pfn = first; pfn < end; pfn += 2 ** splitOrder(pfn, end)) {
    if (orderAt(map, pfn) >= 0) continue;
    const where = pfn === first ? '' : `holds the page at ${hex(pfn * map.pageSize)}, which `;
    return `${where}${map.contains(pfn) ? 'is within a preserved block' : 'is not preserved'}`;
  }
  return map.covers(first * map.pageSize, end * map.pageSize) ? undefined : 'is not entirely preserved';
}

const runBlocks = eachRule(RUNS, {
  id: 'VMALLOC-007',
  title: 'no run of a vmalloc area is part of a larger block',
  severity: 'warning',
  source: 'upstream V7',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_restore_page',
  consequence: 'the run is restored, and the other pages of the block are lost until the next cold boot',
  requires: ['VMALLOC-003', 'VMALLOC-006'],
  faults({ placed: { owner, area }, map, index, run }) {
    const order = orderAt(map, Math.floor(run / map.pageSize));
    if (order <= area.descriptor.order) return undefined;
    return {
      message: `${owner}: run ${index} at ${hex(run)} has order ${area.descriptor.order}, but its block has order ${order}`,
      location: at(run),
      found: `order ${order}`,
      expected: `order ${area.descriptor.order}`,
    };
  },
});

const noEntriesBehindZero = eachRule(AREAS, {
  id: 'VMALLOC-008',
  title: 'all entries after the first 0 of a list page are 0',
  severity: 'warning',
  source: 'upstream V8',
  evidence: RESTORE,
  consequence: 'the entries are ignored; if they are runs, they are lost',
  *faults({ owner, pages }) {
    for (const { address, used, stray } of pages) {
      if (!stray) continue;
      yield {
        message: `${owner}: the list page at ${hex(address)} has non-zero entries after the 0 in entry ${used}`,
        location: at(address + KHO_VMALLOC_HDR_SIZE + (used + 1) * 8, 'kho_vmalloc_chunk.phys'),
      };
    }
  },
});

const firstPage = eachRule(AREAS, {
  id: 'VMALLOC-009',
  title: 'a vmalloc area with pages has a list',
  source: 'upstream V9',
  evidence: RESTORE,
  consequence: 'the area is not restored',
  *faults({ owner, area, descriptor }) {
    const { first, totalPages } = area.descriptor;
    if (first !== 0n || totalPages === 0) return;
    yield {
      message: `${owner}: first is 0, but total_pages is ${totalPages}`,
      location: inDescriptor(descriptor, 'first'),
      found: '0x0',
    };
  },
});

const allocatable = eachRule(AREAS, {
  id: 'VMALLOC-010',
  title: 'total_pages is small enough for the kernel to allocate an array of pages',
  source: 'upstream V10',
  evidence: RESTORE,
  consequence: 'the array of pages cannot be allocated, and the area is not restored',
  *faults({ owner, area, descriptor }) {
    const { totalPages } = area.descriptor;
    if (totalPages <= MAX_PAGES) return;
    yield {
      message: `${owner}: total_pages is ${totalPages}`,
      location: inDescriptor(descriptor, 'totalPages'),
      found: `${totalPages}`,
      expected: `at most ${Math.floor(MAX_PAGES)}`,
    };
  },
});

export const vmallocRules: readonly Rule[] = [
  pageCount,
  definedFlags,
  runOrder,
  listChain,
  listPages,
  runsPreserved,
  runBlocks,
  noEntriesBehindZero,
  firstPage,
  allocatable,
];
