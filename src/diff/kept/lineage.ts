/** Whether the memory of two handovers can be held against each other: one machine, the later one second. */
import type { Handover } from '../../abi/model.js';
import type { Claim } from '../../references/claim.js';
import { claimsOf } from '../../references/claims.js';
import { startOf } from '../../references/held.js';
import { keyOf } from '../../references/place.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';

/** What is known beside the two handovers. */
export interface LineageOptions {
  /** Both are of one memory: the tree that its kernel got, and the one that it prepares. */
  readonly sameDump?: boolean;
}

/**
 * Why the question of coverage cannot be asked of two handovers.
 *
 * Addresses mean the same on both sides only if both are of one machine since one cold boot: kernels of a
 * chain of kexecs share the scratch regions, count on from each other (kexec_count, kho-v3 on), and leave what
 * cannot move where it is. Two dumps of one boot that were taken of the same handover agree in all that.
 *
 * @returns one sentence; undefined when the question can be asked
 */
export function whyNotAsked(a: Handover, b: Handover, { sameDump }: LineageOptions): string | undefined {
  for (const [name, side] of [['A', a] as const, ['B', b] as const]) {
    if (side.preserved === undefined) return `${name} does not show which memory it keeps`;
    if (side.preservedMap?.complete === false)
      return `not all of the preserved memory map of ${name} is known`;
  }
  if (a.pageSize !== b.pageSize) return `the page size of A is ${a.pageSize}, that of B is ${b.pageSize}`;
  const [before, after] = [a.kexecMetadata?.kexecCount, b.kexecMetadata?.kexecCount];
  if (before !== undefined && after !== undefined) {
    if (after < before) return `B was handed over before A (kexec ${after} and ${before})`;
    if (after === before && releaseOf(a) !== releaseOf(b)) {
      return `A and B were handed over by different kernels at the same kexec ${after}`;
    }
  }
  if (sameDump === true) return undefined;
  const scratch = otherScratch(a, b);
  if (scratch !== undefined) return scratch;
  const [places, others] = [anchors(a), anchors(b)];
  let equal = 0;
  let common = 0;
  for (const [name, place] of others) {
    const known = places.get(name);
    if (known === undefined) continue;
    common++;
    if (known === place) equal++;
  }
  // The region is chosen at the cold boot and handed on from kernel to kernel: it does not move.
  const [region, other] = [places.get(REGION), others.get(REGION)];
  if (region !== undefined && other !== undefined && region !== other) {
    return `the region of guestmemfs is at ${region} in A and at ${other} in B: two cold boots, or two machines`;
  }
  const sameHandover = before !== undefined && before === after;
  if (common > 0 && (sameHandover ? equal < common : equal === 0)) {
    return `${common - equal} of the ${common} things that both hand over lie elsewhere in B: another boot, or another machine`;
  }
  if (common === 0 && !(before !== undefined && after !== undefined && after > before)) {
    return 'nothing shows that A and B are from the same machine';
  }
  return undefined;
}

function releaseOf({ kexecMetadata }: Handover): string | undefined {
  const release = kexecMetadata?.previousRelease;
  return release === undefined ? undefined : bytesToText(release).text;
}

function otherScratch({ scratch: a }: Handover, { scratch: b }: Handover): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  const same =
    a.length === b.length && a.every(({ start, end }, i) => b[i]?.start === start && b[i]?.end === end);
  if (same) return undefined;
  const first = (ranges: typeof a): string => (ranges[0] === undefined ? 'none' : hex(ranges[0].start));
  return `the scratch regions of A and B differ (${first(a)} and ${first(b)}): two cold boots, or two machines`;
}

/** The anchor of memory that is handed on as a whole. */
const REGION = 'region';

/** Where things that have a name begin: what outlives a kexec, and tables. Files of a region are where that is. */
function anchors(handover: Handover): Map<string, string> {
  const places = new Map<string, string>();
  for (const claim of claimsOf(handover)) {
    const { at, place, trees } = claim;
    if (at === 'contents' && place.file === undefined) note(`contents of ${keyOf(place)}`, firstOf(claim));
    else if (at === 'region') note(REGION, startOf(claim));
    else if (trees !== undefined)
      for (const { place: own, tree } of trees()) note(`tables of ${keyOf(own)}`, tree?.root);
  }
  return places;

  function note(name: string, start: bigint | undefined): void {
    if (start !== undefined && !places.has(name)) places.set(name, hex(start));
  }
}

/** Where contents begin; undefined where they have nothing. */
function firstOf({ folios, runs }: Claim): bigint | undefined {
  for (const { pfn } of folios?.folios.runs() ?? []) return pfn;
  for (const { start } of runs()) return BigInt(start);
  return undefined;
}
