/** Claims by what has the memory. */
import type { Handover } from '../abi/model.js';
import { orderAt } from '../decode/upstream/pages.js';
import { physicalAddress } from '../memory/read.js';
import { DRAFTS, subjectByKey } from '../structures/index.js';
import type { Claim } from './claim.js';
import { claimsOf, type FolioClaim, fileOf, folioClaims } from './claims.js';

/** What riders themselves have, and not files and FLBs: records, allocations and blocks of records. */
export function riderClaims(handover: Handover): readonly Claim[] {
  return claimsOf(handover).filter(
    ({ rider, place: { token, flb } }) => rider !== undefined && token === undefined && flb === undefined,
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
 * Records of drafts on FLBs and files, each with the pages of its lists after it. One that nobody can have put
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
      if (claim.at === 'record') placed = !isMisplaced(handover, startOf(claim));
      if (placed) yield claim;
    }
  }
}

/** Lists of folios, but for those of records of drafts that nobody can have put there. */
export function believedFolios(handover: Handover): readonly FolioClaim[] {
  return folioClaims(handover).filter((claim) => {
    if (subjectByKey(claim.structure ?? '')?.released === true) return true;
    const { data } = fileOf(claim)?.file ?? {};
    return data === undefined || !isMisplaced(handover, data);
  });
}

/** The first byte of what a claim has; 0 where it has nothing. */
export function startOf({ runs }: Claim): bigint {
  for (const { start } of runs()) return BigInt(start);
  return 0n;
}

/** Whether a record is where nothing that is restored as a folio can be, as far as the map is known. */
function isMisplaced({ preserved, preservedMap, pageSize }: Handover, start: bigint): boolean {
  if (start === 0n || physicalAddress(start) === undefined || start % BigInt(pageSize) !== 0n) return true;
  const map = preserved?.pages;
  if (map === undefined || preservedMap?.complete !== true) return false;
  return orderAt(map, Number(start / BigInt(pageSize))) < 0;
}
