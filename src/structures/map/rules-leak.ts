/** Preserved blocks that nothing refers to (upstream X16). */

import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { blockSize } from '../../memory/blocks.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { untoldOf } from '../../references/untold.js';
import { intersections } from '../../validate/pages.js';
import { MAP_AND_OWNERS } from '../../validate/reads.js';
import type { Reporter, Rule } from '../../validate/rule.js';
import { counted, hex, size } from '../../validate/text.js';
import { type FrameSet, scanFolios } from '../../validate/upstream/folio-scan.js';
import { at, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { references } from './rules-owners.js';

export const unreferenced: Rule = {
  id: 'KHO-156',
  title: 'every preserved block has an owner',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream X16',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve',
  consequence: 'the block is never restored: its memory silently stays reserved until the next cold boot',
  needs: ['memory'],
  reads: MAP_AND_OWNERS,
  requires: ['KHO-111'],
  check(context, report) {
    const { handover } = context;
    const map = wholeMap(context, report);
    if (map === undefined) return;
    const [untold] = untoldOf(handover);
    if (untold !== undefined) {
      report.skip(untold.why);
      return;
    }
    const referenced = pageSet(references(handover), handover.pageSize);
    const { named } = scanFolios(handover);
    const blocks = unclaimed(map, referenced, named);
    if (notYetWritten(handover)) noteEarly(map, blocks, report);
    else reportEach(map, blocks, report);
  },
};

interface Unclaimed {
  readonly pfn: number;
  readonly order: number;
  readonly count: number;
}

/** Stretches that are told one by one; more are one finding, as they have one cause. */
const MAX_STRETCHES = 4;

function reportEach(map: PreservedPages, blocks: Iterable<Unclaimed>, report: Reporter): void {
  const stretches = [...blocks];
  if (stretches.length > MAX_STRETCHES) {
    reportTogether(map, stretches, report);
    return;
  }
  for (const { pfn, order, count } of stretches) {
    const address = BigInt(pfn) * BigInt(map.pageSize);
    const bytes = blockSize(order, map.pageSize) * BigInt(count);
    report.finding({
      message: `nothing refers to ${counted(count, 'block')} of order ${order} at ${hex(address)} (${size(bytes)})`,
      location: at(address),
    });
  }
}

/** An owner that went without its memory, such as a test that was unloaded, leaves many blocks at once. */
function reportTogether(map: PreservedPages, stretches: readonly Unclaimed[], report: Reporter): void {
  const page = BigInt(map.pageSize);
  const number = stretches.reduce((sum, { count }) => sum + count, 0);
  const pages = stretches.reduce((sum, { count, order }) => sum + count * 2 ** order, 0);
  const places = stretches.slice(0, MAX_STRETCHES).map(({ pfn }) => hex(BigInt(pfn) * page));
  report.finding({
    message: `nothing refers to ${counted(number, 'block')} in ${stretches.length} places (${size(page * BigInt(pages))}): at ${places.join(', ')} and elsewhere`,
    location: at(BigInt(stretches[0]?.pfn ?? 0) * page),
    found: `${number} blocks`,
  });
}

/** One note for all: the owners of the blocks are not known yet. */
function noteEarly(map: PreservedPages, blocks: Iterable<Unclaimed>, report: Reporter): void {
  let first: number | undefined;
  let number = 0;
  let pages = 0;
  for (const { pfn, order, count } of blocks) {
    first ??= pfn;
    number += count;
    pages += count * 2 ** order;
  }
  if (first === undefined) return;
  const bytes = BigInt(map.pageSize) * BigInt(pages);
  report.finding({
    severity: 'note',
    message: `nothing refers to ${counted(number, 'block')} (${size(bytes)}) yet: LUO writes its sessions just before the kexec`,
    location: at(BigInt(first) * BigInt(map.pageSize)),
  });
}

/**
 * A running kernel has preserved the files, and writes down whose they are only when it goes down: the sessions first,
 * then the FLBs (liveupdate_reboot), so that with FLBs there is nothing left to be written.
 */
export function notYetWritten({ luo, setupData }: Handover): boolean {
  return luo?.sessions?.length === 0 && setupData === undefined && (luo.flbCount ?? 0n) === 0n;
}

/** Runs of adjacent blocks of which no page is in either set. */
function* unclaimed(map: PreservedPages, references: PageSet, named: FrameSet): Generator<Unclaimed> {
  const page = BigInt(map.pageSize);
  const next = nextReference(references);
  for (const { address, order, count } of map.blocks()) {
    const scale = 2 ** order;
    const start = Number(address / page);
    const end = start + count * scale;
    for (let block = start; block < end; ) {
      const known = next(block);
      const folio = named.next(block);
      const claimed = Math.min(Math.max(block, known.start), folio, end);
      const head = Math.floor(claimed / scale) * scale;
      if (head > block) yield { pfn: block, order, count: (head - block) / scale };
      if (claimed >= end) break;
      // After the claimed stretch comes the next block that may have no owner.
      const stop = folio === claimed ? named.nextMissing(folio) : known.end;
      block = Math.ceil(stop / scale) * scale;
    }
  }
}

/** Finds the first run of references that ends after a page; neighbours, which is what is asked for, cost nothing. */
function nextReference(
  references: PageSet,
): (pfn: number) => { readonly start: number; readonly end: number } {
  let from = 0;
  let found = { start: 0, end: 0 };
  return (pfn) => {
    if (pfn >= from && pfn < found.end) return found;
    const [run] = intersections(references, pfn, Number.POSITIVE_INFINITY);
    from = pfn;
    found = run ?? { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY };
    return found;
  };
}
