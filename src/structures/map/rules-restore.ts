/** What consumers restore, against the blocks of the map (upstream M5, X10, X11, X13, X15). */

import type { Generation } from '../../abi/model.js';
import { bytesToText } from '../../schema/text.js';
import { claimPieces, type Piece, preservedRule } from '../../validate/preserved.js';
import { MAP_AND_OWNERS, OWNERS } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext, Subject } from '../../validate/rule.js';
import { type Elements, rulesOf } from '../../validate/shapes.js';
import { fileSubject } from '../../validate/subject.js';
import { hex, range } from '../../validate/text.js';
import { blobs, quoted } from '../../validate/upstream/blobs.js';
import { findAreas } from '../../validate/upstream/chain.js';
import { luoClaims, releasedRecords } from '../../validate/upstream/claims.js';
import {
  at,
  CHUNKS,
  maxPageOrder,
  orderAt,
  RADIX,
  UPSTREAM,
  wholeMap,
} from '../../validate/upstream/shared.js';
import { scanFolios } from '../memfd/rules-scan.js';

const rule = rulesOf({ generations: UPSTREAM, needs: ['memory'], reads: MAP_AND_OWNERS });

/** Handlers whose data is the address of a record that is restored. */
const MEMFD = /^memfd-v\d+$/;
const RESTORE = 'kernel/liveupdate/kexec_handover.c kho_restore_page';

/** A block that some consumer restores as a folio. */
interface Restored extends Piece {
  readonly what: string;
  readonly subject?: Subject;
  readonly pageSize: number;
}

/** Records and arrays that no other rule looks at. */
function* restored({ handover }: RuleContext): Generator<Restored> {
  const { luo, pageSize } = handover;
  for (const claim of [...luoClaims(handover), ...releasedRecords(handover)]) {
    const { what, subject, preserved } = claim;
    // Pages of a list are BLOCK-005.
    if (preserved === 'block')
      for (const piece of claimPieces(claim)) yield { ...piece, what, subject, pageSize };
  }
  // Of a record that is not in the dump it is known all the same whether it is preserved.
  for (const { name, files = [] } of luo?.sessions ?? []) {
    for (const { compatible, data: start, memfd, token } of files) {
      if (memfd !== undefined || start === 0n || !MEMFD.test(bytesToText(compatible).text)) continue;
      const what = `the record of token ${hex(token)}, session ${quoted(name)},`;
      yield { start, preserved: 'block', what, subject: fileSubject({ name }, { token }), pageSize };
    }
  }
}

const splitRuns = rule({
  id: 'KHO-150',
  title: 'every run of a vmalloc area is one preserved block',
  source: 'upstream X10',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_restore_pages, kho_restore_page, kho_init_pages',
  consequence:
    'the kernel advances by the order of the run and restores only the first of the smaller blocks: the pages of the others are mapped with a reference count of 0, and freeing the area frees pages that hold no reference',
  requires: ['VMALLOC-003', 'VMALLOC-006'],
  check(context, report) {
    const map = wholeMap(context, report);
    if (map === undefined) return;
    for (const { owner, subject, area } of findAreas(context.handover)) {
      const { order } = area.descriptor;
      // Of a larger order VMALLOC-003 tells.
      if (order === 0 || order > maxPageOrder(map.pageSize)) continue;
      for (const [i, run] of area.runs.entries()) {
        const found = orderAt(map, run / map.pageSize);
        // A run that is not aligned is restored in the blocks that it was split into (VMALLOC-006).
        if (found < 0 || found >= order || run % area.runSize !== 0) continue;
        report.finding({
          subject,
          message: `${owner}: run ${i} at ${hex(run)} of order ${order} begins with a block of order ${found}`,
          location: at(run),
          found: `order ${found}`,
          expected: `order ${order}`,
        });
      }
    }
  },
});

const RESTORED: Elements<Restored> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: MAP_AND_OWNERS },
  each: (context) => restored(context),
  subject: ({ subject = {} }) => subject,
};

const restoredHeads = preservedRule(RESTORED, {
  id: 'KHO-151',
  title: 'everything that LUO and memfd restore is preserved, and is at the start of a block',
  source: 'upstream X11, 2.6',
  evidence: RESTORE,
  consequence:
    'memory that is not preserved is reused before it is read; inside a block the restore warns and returns NULL',
  pieces: (each) => [each],
  fault({ kind, gap }, { start, end = start }, { what, pageSize }) {
    const name = `${what} at ${hex(start)}`;
    if (kind === 'part')
      return {
        message: `${name}: ${range(gap.start, gap.end)} is not preserved`,
        location: at(gap.start),
        expected: `${(Number(end) - Number(start)) / pageSize} pages`,
      };
    return {
      message: `${name} ${kind === 'within' ? 'is within a block, not at its start' : 'is not preserved'}`,
      location: at(start),
    };
  },
});

const pageAligned = rule({
  id: 'KHO-153',
  title: 'everything that is restored or handed over is page-aligned',
  severity: 'warning',
  source: 'upstream X13',
  evidence: RESTORE,
  consequence:
    'the restore drops the low bits silently: the page is restored, but its owner reads at an offset',
  reads: OWNERS,
  check(context, report) {
    const { handover } = context;
    const page = BigInt(handover.pageSize);
    const check = (what: string, address: bigint, subject: Subject): void => {
      if (address % page === 0n) return;
      report.finding({
        subject,
        message: `${what} at ${hex(address)} is not page-aligned`,
        location: at(address),
        found: hex(address),
        expected: `a multiple of ${hex(page)}`,
      });
    };
    for (const { name, address } of blobs(handover)) check(`the blob of ${name}`, address, { node: name });
    for (const { what, start, subject = {} } of restored(context)) check(what, start, subject);
    for (const { owner, subject, area } of findAreas(handover)) {
      for (const address of area.chunks) check(`a list page of ${owner}`, BigInt(address), subject);
    }
  },
});

/** Folios above MAX_PAGE_ORDER among those of memfds and kho_test. */
function checkOrders(context: RuleContext, report: Reporter): void {
  const map = wholeMap(context, report);
  if (map === undefined) return;
  const { handover } = context;
  const limit = maxPageOrder(handover.pageSize);
  const found = (what: string, address: bigint, order: number, subject: Subject): void => {
    report.finding({
      subject,
      message: `${what} at ${hex(address)} is a block of order ${order}`,
      location: at(address),
      found: `order ${order}`,
      expected: `at most ${limit}`,
    });
  };
  // A block above the limit is rare; without one no list need be looked at.
  if (!map.orders.some((order) => order > limit)) return;
  for (const { owner, faults } of scanFolios(handover).scans) {
    const tally = faults.order;
    if (tally === undefined) continue;
    const more = tally.count > 1 ? ` (and ${tally.count - 1} more)` : '';
    found(
      `folio ${tally.position} of ${owner.name}${more}`,
      BigInt(tally.pfn) * BigInt(map.pageSize),
      tally.order,
      owner.subject,
    );
  }
  for (const { owner, broken } of findAreas(handover)) {
    if (broken?.kind === 'absent') report.absent(`the list of ${owner}`, broken.next);
  }
  const { khoTest } = handover;
  const rider = handover.subtrees?.find(({ name }) => name === 'kho_test');
  if (rider !== undefined && khoTest === undefined)
    report.absent('the blob of kho_test', rider.address ?? 0n);
  if (khoTest?.area !== undefined && khoTest.folios === undefined) {
    report.absent('the list of kho_test', BigInt(khoTest.area.runs[0] ?? 0));
  }
  for (const { address } of khoTest?.folios ?? []) {
    const order = orderAt(map, Number(address) / map.pageSize);
    if (order > limit) found('the folio of kho_test', address, order, { node: 'kho_test' });
  }
  for (const { what, start, subject = {} } of restored(context)) {
    const order = orderAt(map, Number(start / BigInt(map.pageSize)));
    if (order > limit) found(what, start, order, subject);
  }
}

function orderRule(
  rule: Pick<Rule, 'id' | 'severity' | 'source' | 'consequence'>,
  generations: readonly Generation[],
): Rule {
  return {
    title: 'no block above MAX_PAGE_ORDER is restored as a folio',
    evidence: 'kernel/liveupdate/kexec_handover.c kho_restore_page, kho_init_folio',
    ...rule,
    generations,
    needs: ['memory'],
    reads: MAP_AND_OWNERS,
    check: checkOrders,
  };
}

const chunkFolioOrder = orderRule(
  {
    id: 'KHO-135',
    severity: 'error',
    source: 'upstream M5, Q9',
    consequence: 'the kernel refuses to restore it, from 6.18 on with a warning: its owner loses the memory',
  },
  CHUNKS,
);

const radixFolioOrder = orderRule(
  {
    id: 'KHO-155',
    severity: 'warning',
    source: 'upstream X15, Q9',
    consequence:
      'older kernels refuse it; 7.3 makes a folio that its allocator cannot take back. A configuration with another MAX_PAGE_ORDER may allow it',
  },
  RADIX,
);

export const restoreRules: readonly Rule[] = [
  chunkFolioOrder,
  splitRuns,
  restoredHeads,
  pageAligned,
  radixFolioOrder,
];
