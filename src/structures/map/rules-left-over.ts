/** Preserved blocks of which their owner uses a part only (upstream X16). */

import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { claimsOf } from '../../references/claims.js';
import { releasedRecords, riderClaims, startOf } from '../../references/held.js';
import { intersections } from '../../validate/pages.js';
import { MAP_AND_OWNERS } from '../../validate/reads.js';
import type { Rule, Subject } from '../../validate/rule.js';
import { hex, size } from '../../validate/text.js';
import { blobs } from '../../validate/upstream/blobs.js';
import { scanFolios } from '../../validate/upstream/folio-scan.js';
import { at, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { references } from './rules-owners.js';

/** Memory for which its writer preserves exactly the pages that it needs. */
interface Kept {
  readonly what: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly subject?: Subject;
}

function* keptOf(handover: Handover): Generator<Kept> {
  const { fdtAddress, pageSize } = handover;
  const page = BigInt(pageSize);
  if (fdtAddress !== undefined) yield { what: 'the tree', start: fdtAddress, end: fdtAddress + page };
  const names = new Set<string | undefined>();
  for (const { name, address, length } of blobs(handover)) {
    // Whose a second child of one name is, its name does not tell (KHO-112).
    if (names.has(name)) continue;
    names.add(name);
    // kho_test takes more than its tree needs.
    if (name !== 'memblock' && name !== 'kexec-metadata') continue;
    yield { what: `the blob of ${name}`, start: address, end: address + length };
  }
  for (const { at: kind, fixed, name: what, subject, runs } of claimsOf(handover)) {
    if (kind !== 'contents' || fixed !== true) continue;
    for (const run of runs()) {
      const [start, end] = [BigInt(run.start), BigInt(run.end)];
      if (start < end && end - start < LARGEST) yield { what, subject, start, end };
    }
  }
  // Blocks of a list, and LUO's record, are BLOCK-005 and LUO-017.
  for (const { at: kind, what, subject, runs } of riderClaims(handover)) {
    if (kind !== 'area') continue;
    for (const { start, end } of runs()) yield { what, subject, start: BigInt(start), end: BigInt(end) };
  }
  for (const claim of releasedRecords(handover)) {
    const { what, subject, unread } = claim;
    const start = startOf(claim);
    if (unread !== true) yield { what, subject, start, end: start + page };
  }
}

/** A larger region is damaged (MEMBLOCK-005). */
const LARGEST = 1n << 50n;

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The block of the map that has a page frame, where one has. */
function blockAt(map: PreservedPages, pfn: number): Stretch | undefined {
  for (const order of map.orders) {
    const start = Math.floor(pfn / 2 ** order) * 2 ** order;
    if (map.has(start, order)) return { start, end: start + 2 ** order };
  }
  return undefined;
}

export const leftOver: Rule = {
  id: 'KHO-191',
  title: 'no preserved block is larger than its contents',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream X16',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve; mm/memblock.c reserve_mem_kho_revive',
  consequence:
    "a block is reserved as a whole. The tree, FLBs, reserve_mem and blobs other than LUO's are never freed, so the rest of their block silently stays reserved until the next cold boot; the rest of a record's block is freed with the record. No kernel preserves a larger block than it needs",
  needs: ['memory'],
  reads: MAP_AND_OWNERS,
  check(context, report) {
    const { handover } = context;
    const map = wholeMap(context, report);
    if (map === undefined) return;
    const page = BigInt(map.pageSize);
    let used: PageSet | undefined;
    const { named } = scanFolios(handover);
    for (const { what, start, end, subject } of keptOf(handover)) {
      const first = Number(start / page);
      const last = Math.max(first, Number((end - 1n) / page));
      const tail = blockAt(map, last);
      const head = blockAt(map, first);
      const rest = [
        ...(head === undefined || head.start >= first ? [] : [{ start: head.start, end: first }]),
        ...(tail === undefined || tail.end <= last + 1 ? [] : [{ start: last + 1, end: tail.end }]),
      ].filter((part) => !isUsed(part));
      for (const part of rest) {
        const address = BigInt(part.start) * page;
        const bytes = BigInt(part.end - part.start) * page;
        report.finding({
          ...(subject === undefined ? {} : { subject }),
          message: `a preserved block of ${what} has ${size(bytes)} at ${hex(address)} that nothing refers to`,
          location: at(address),
          found: hex(bytes),
        });
      }
    }

    function isUsed(part: Stretch): boolean {
      used ??= pageSet(references(handover), handover.pageSize);
      for (const _run of intersections(used, part.start, part.end)) return true;
      return named.next(part.start) < part.end;
    }
  },
};
