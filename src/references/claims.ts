/** All that is claimed of a handover's memory, in the order of the handover. */
import type { Handover } from '../abi/model.js';
import { perHandover } from '../abi/per-handover.js';
import type { LuoFile, LuoSession } from '../abi/upstream/model.js';
import { emptyMemory } from '../memory/segments.js';
import type { CountedFolios } from '../structures/folios.js';
import type { Claim, Owner, Untold } from './claim.js';
import { addReferences } from './references.js';
import { type ReferenceSink, SILENT } from './sink.js';

/** One pass over the references, which is held: an object for each record and list, none for their pages. */
const told = perHandover((handover): { readonly claims: readonly Claim[]; readonly untold: Untold[] } => {
  const claims: Claim[] = [];
  const untold: Untold[] = [];
  const sink: ReferenceSink = {
    ...SILENT,
    untranslated: true,
    claimsOnly: true,
    claim: (claim) => void claims.push(claim),
    untold: (each) => void untold.push(each),
  };
  addReferences(sink, handover, undefined, handover.memory ?? emptyMemory());
  return { claims: claims.sort((a, b) => rank(a) - rank(b)), untold };
});

/** Whose memory is what, as far as the dump tells. */
export function claimsOf(handover: Handover): readonly Claim[] {
  return told(handover).claims;
}

/** Whose memory is not told, or not all of it, as records say it; lists that break off are besides. */
export function recordsUntold(handover: Handover): readonly Untold[] {
  return told(handover).untold;
}

/** A file of LUO that has something. */
export interface ClaimingFile {
  readonly session: LuoSession;
  readonly file: LuoFile;
}

/** The file that is the owner of a claim; undefined where it is not a file. */
export function fileOf({ place, elements = [] }: Owner): ClaimingFile | undefined {
  const [session, file] = elements as readonly unknown[];
  if (place.token === undefined || file === undefined) return undefined;
  return { session: session as LuoSession, file: file as LuoFile };
}

/** A claim of contents that a list of folios tells. */
export type FolioClaim = Claim & { readonly folios: CountedFolios };

/** All lists of folios, with their owners. */
export function folioClaims(handover: Handover): readonly FolioClaim[] {
  return claimsOf(handover).filter((claim): claim is FolioClaim => claim.folios !== undefined);
}

/** What LUO itself has, then FLBs, files, and what hangs on these. */
function rank({ place: { part, flb, token } }: Claim): number {
  if (part === 'structure') return 3;
  return token !== undefined ? 2 : flb !== undefined ? 1 : 0;
}
