/** Claims by what has the memory. */
import type { Handover } from '../abi/model.js';
import { orderAt } from '../decode/upstream/pages.js';
import { physicalAddress } from '../memory/read.js';
import { DRAFTS, subjectByKey } from '../structures/index.js';
import type { Claim } from './claim.js';
import { claimsOf, type FolioClaim, folioClaims } from './claims.js';

/** What LUO itself has: its record, allocations and blocks of records. */
export function luoClaims(handover: Handover): readonly Claim[] {
  return claimsOf(handover).filter(
    ({ place: { part, token, flb } }) => part === 'luo' && token === undefined && flb === undefined,
  );
}

/** Records of files and FLBs that releases have, each where the name of its handler or FLB leads to; some were not read. */
export function releasedRecords(handover: Handover): readonly Claim[] {
  return claimsOf(handover).filter(
    ({ at, structure = '', inner }) =>
      at === 'record' && inner !== true && subjectByKey(structure)?.released === true,
  );
}

/**
 * Records of drafts on LUO's FLBs and files, each with the pages of its lists after it. One that nobody can have put
 * there is a rule's own, and what it leads to is nothing that anybody wrote.
 */
export function* draftClaims(handover: Handover): Generator<Claim> {
  const claims = claimsOf(handover).filter(
    ({ at, place, inner, unread }) =>
      ((at === 'record' && unread !== true) || at === 'pages') && place.part !== 'subtree' && inner !== true,
  );
  for (const { key } of DRAFTS) {
    let placed = false;
    for (const claim of claims) {
      if (claim.structure !== key) continue;
      if (claim.at === 'record') placed = misplacedRecord(handover, startOf(claim)) === undefined;
      if (placed) yield claim;
    }
  }
}

/** Lists of folios, but for those of records of drafts that nobody can have put there. */
export function believedFolios(handover: Handover): readonly FolioClaim[] {
  return folioClaims(handover).filter(
    ({ structure = '', by }) =>
      subjectByKey(structure)?.released === true ||
      misplacedRecord(handover, by?.address ?? 0n) === undefined,
  );
}

/** The first byte of what a claim has; 0 where it has nothing. */
export function startOf({ runs }: Claim): bigint {
  for (const { start } of runs()) return BigInt(start);
  return 0n;
}

/** Why what is restored as a folio cannot be, in words; undefined where it can, or where the map is not known. */
export function misplacedRecord(
  { preserved, preservedMap, pageSize }: Handover,
  data: bigint,
): string | undefined {
  if (data === 0n) return 'is 0';
  if (physicalAddress(data) === undefined) return 'is not a physical address';
  if (data % BigInt(pageSize) !== 0n) return 'is not the start of a page';
  const map = preserved?.pages;
  if (map === undefined || preservedMap?.complete !== true) return undefined;
  const pfn = Number(data / BigInt(pageSize));
  if (orderAt(map, pfn) >= 0) return undefined;
  return map.contains(pfn) ? 'is in a preserved block and does not start it' : 'is not preserved';
}
