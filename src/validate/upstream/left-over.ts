/** Preserved blocks of which an owner that never gives them back uses a part only (upstream X16). */
import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { intersections } from '../pages.js';
import type { Rule } from '../rule.js';
import { hex, size } from '../text.js';
import { blobs } from './blobs.js';
import { upstreamFacts } from './facts.js';
import { references } from './owners.js';
import { at, UPSTREAM, wholeMap } from './shared.js';

/** Memory that nobody restores as a folio: what of its blocks it does not use, nobody frees. */
interface Kept {
  readonly what: string;
  readonly start: bigint;
  readonly end: bigint;
}

function* keptOf(handover: Handover): Generator<Kept> {
  const { fdtAddress, pageSize, memblock, luo } = handover;
  const page = BigInt(pageSize);
  if (fdtAddress !== undefined) yield { what: 'the tree', start: fdtAddress, end: fdtAddress + page };
  for (const { name, address, length } of blobs(handover)) {
    // kho_test takes more than its tree needs; LUO's record is freed as the folio that it is.
    if (name !== 'memblock' && name !== 'kexec-metadata') continue;
    yield { what: `the blob of ${name}`, start: address, end: address + length };
  }
  for (const { name, start, size: bytes } of memblock?.regions ?? []) {
    if (start === undefined || bytes === undefined || bytes === 0n || bytes >= LARGEST) continue;
    yield { what: `memblock region "${name}"`, start, end: start + bytes };
  }
  const { flbsAddress = 0n } = luo ?? {};
  if (flbsAddress !== 0n) yield { what: 'the FLB page', start: flbsAddress, end: flbsAddress + page };
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
  title: 'no preserved block is larger than what its owner keeps in it',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream X16',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve; mm/memblock.c reserve_mem_kho_revive',
  consequence:
    'a block is reserved as a whole, and what keeps only a part of it never restores it: the rest stays reserved, without a message, until the next cold boot. Kernels preserve no more pages than they use',
  needs: ['memory'],
  check(context, report) {
    const { handover } = context;
    const map = wholeMap(context, report);
    if (map === undefined) return;
    const page = BigInt(map.pageSize);
    let used: PageSet | undefined;
    const { named } = upstreamFacts(handover).folios();
    for (const { what, start, end } of keptOf(handover)) {
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
          message: `A preserved block of ${what} has ${size(bytes)} at ${hex(address)} that nothing refers to`,
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
