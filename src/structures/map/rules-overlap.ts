/** Blocks of the map against each other, and against the pages of the map itself (upstream X1, X7, X8). */

import type { PreservedPages } from '../../abi/upstream/model.js';
import { MAP } from '../../validate/reads.js';
import type { Reporter, Rule } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { at, notePartMissing, UPSTREAM } from '../../validate/upstream/shared.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: MAP });

/** Blocks of a larger order that blocks of a smaller one overlap. */
interface Overlap {
  /** First page frame of the first of the larger blocks. */
  readonly pfn: number;
  readonly count: number;
  readonly large: number;
  readonly small: number;
  /** A block of the smaller order starts where the larger one does. */
  readonly sameHead: boolean;
}

interface Run {
  readonly order: number;
  readonly start: number;
  readonly end: number;
}

/** Takes one pass over the runs of blocks; the last run of each order is all that is kept of them. */
function* overlaps(pages: PreservedPages): Generator<Overlap> {
  if (pages.orders.length < 2) return;
  const page = BigInt(pages.pageSize);
  const last = new Map<number, Run>();
  // A block that many runs overlap is told of once: by order, the last one told of.
  const told = new Map<number, number>();
  for (const { address, order, count } of pages.blocks()) {
    const start = Number(address / page);
    const run = { order, start, end: start + count * 2 ** order };
    for (const other of last.values()) {
      if (other.order === order || other.end <= start) continue;
      for (const overlap of pair(other, run)) {
        if (overlap.count === 1 && told.get(overlap.large) === overlap.pfn) continue;
        told.set(overlap.large, overlap.pfn + (overlap.count - 1) * 2 ** overlap.large);
        yield overlap;
      }
    }
    last.set(order, run);
  }
}

/** How two runs that overlap do: the first of the larger blocks may be entered in its middle. */
function* pair(a: Run, b: Run): Generator<Overlap> {
  const [small, large] = a.order < b.order ? [a, b] : [b, a];
  const scale = 2 ** large.order;
  const from = Math.max(a.start, b.start);
  const to = Math.min(a.end, b.end);
  const first = Math.floor(from / scale);
  const behind = Math.ceil(to / scale);
  const shared = Math.ceil(from / scale);
  const orders = { large: large.order, small: small.order };
  if (first < shared) yield { pfn: first * scale, count: 1, sameHead: false, ...orders };
  if (shared < behind) yield { pfn: shared * scale, count: behind - shared, sameHead: true, ...orders };
}

function reportOverlaps(pages: PreservedPages, sameHead: boolean, report: Reporter): void {
  for (const overlap of overlaps(pages)) {
    if (overlap.sameHead !== sameHead) continue;
    if (!report.room()) {
      report.more(1);
      continue;
    }
    const { pfn, count, large, small } = overlap;
    const address = BigInt(pfn) * BigInt(pages.pageSize);
    const what = sameHead ? 'start with' : 'overlap';
    report.finding({
      message: `${counted(count, 'block')} of order ${large} from ${hex(address)} on ${
        count === 1 ? (sameHead ? 'starts with' : 'overlaps') : what
      } blocks of order ${small}`,
      location: at(address),
    });
  }
}

const oneOrder = rule({
  id: 'KHO-147',
  title: 'no address is the head of blocks of two orders',
  source: 'upstream X7',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve',
  consequence:
    'the order read last wins, the smaller one in a radix tree and the larger one in kho-v1: the owner of the other block gets a folio of the wrong size',
  check(context, report) {
    notePartMissing(context, report);
    const { pages } = context.handover.preserved ?? {};
    if (pages !== undefined) reportOverlaps(pages, true, report);
  },
});

const disjointBlocks = rule({
  id: 'KHO-148',
  title: 'no block is within another',
  source: 'upstream X8',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve, kho_restore_page',
  consequence:
    'both can be restored: pages then have two owners, and the first one to return them frees them',
  check(context, report) {
    notePartMissing(context, report);
    const { pages } = context.handover.preserved ?? {};
    if (pages !== undefined) reportOverlaps(pages, false, report);
  },
});

const mapUnpreserved = rule({
  id: 'KHO-162',
  title: 'no page of the map is in a preserved block',
  source: 'upstream 2.6, X1',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_radix_add_key (get_zeroed_page); kernel/kexec_handover.c new_chunk, xa_load_or_alloc (6.16 to 7.0)',
  consequence:
    'the page has another owner, and its contents are read as part of the map: the next kernel reserves memory that was not preserved, and hands out memory that was',
  check(context, report) {
    notePartMissing(context, report);
    const { preserved, preservedMap, pageSize } = context.handover;
    const pages = preserved?.pages;
    if (pages === undefined) return;
    for (const page of preservedMap?.pages ?? []) {
      if (!pages.contains(Math.floor(page / pageSize))) continue;
      report.finding({
        message: `the map's page at ${hex(page)} is in a preserved block`,
        location: at(page),
      });
    }
  },
});

export const overlapRules: readonly Rule[] = [oneOrder, disjointBlocks, mapUnpreserved];
