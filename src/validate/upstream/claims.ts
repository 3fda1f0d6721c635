/** Claims by what has the memory, as rules ask for them. */
import type { Handover } from '../../abi/model.js';
import type { Claim } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { DRAFTS, subjectByKey } from '../../structures/index.js';
import { misplacedRecord } from '../preserved.js';

/** What LUO itself has: its record, allocations and blocks of records. */
export function luoClaims(handover: Handover): readonly Claim[] {
  return claimsOf(handover).filter(
    ({ place: { part, token, flb } }) => part === 'luo' && token === undefined && flb === undefined,
  );
}

/** Records of what releases have on LUO's files. */
export function releasedRecords(handover: Handover): readonly Claim[] {
  return claimsOf(handover).filter(
    ({ at, structure = '' }) => at === 'record' && subjectByKey(structure)?.released === true,
  );
}

/**
 * Records of drafts on LUO's FLBs and files, each with the pages of its lists after it. One that nobody can have put
 * there is a rule's own, and what it leads to is nothing that anybody wrote.
 */
export function* draftClaims(handover: Handover): Generator<Claim> {
  const claims = claimsOf(handover).filter(
    ({ at, place, inner }) =>
      (at === 'record' || at === 'pages') && place.part !== 'subtree' && inner !== true,
  );
  for (const { key } of DRAFTS) {
    let placed = false;
    for (const claim of claims) {
      if (claim.structure !== key) continue;
      if (claim.at === 'record') placed = misplacedRecord(handover, BigInt(startOf(claim))) === undefined;
      if (placed) yield claim;
    }
  }
}

function startOf({ runs }: Claim): number | bigint {
  for (const { start } of runs()) return start;
  return 0n;
}
