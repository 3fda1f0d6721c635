/** All that is claimed of a handover's memory, in the order of the handover. */
import { perHandover } from '../abi/per-handover.js';
import { emptyMemory } from '../memory/segments.js';
import type { Claim } from './claim.js';
import { addReferences } from './references.js';
import { type ReferenceSink, SILENT } from './sink.js';

/**
 * Whose memory is what, as far as the dump tells: one pass over the references, which is held. There is an object for
 * each record and list, none for their pages.
 */
export const claimsOf = perHandover((handover): readonly Claim[] => {
  const claims: Claim[] = [];
  const sink: ReferenceSink = {
    ...SILENT,
    untranslated: true,
    claimsOnly: true,
    claim: (claim) => void claims.push(claim),
  };
  addReferences(sink, handover, undefined, handover.memory ?? emptyMemory());
  return claims.sort((a, b) => rank(a) - rank(b));
});

/** What LUO itself has, then FLBs, files, and what hangs on these. */
function rank({ place: { part, flb, token } }: Claim): number {
  if (part === 'structure') return 3;
  return token !== undefined ? 2 : flb !== undefined ? 1 : 0;
}
