/** Whether the memory of two handovers can be held against each other: one machine, the later one second. */
import type { Handover } from '../../abi/model.js';
import { bytesToHex, bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { folioListsOf } from '../../structures/index.js';
import { nameOf } from '../outline/names.js';

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
  const places = anchors(a);
  let equal = 0;
  let common = 0;
  for (const [name, place] of anchors(b)) {
    const known = places.get(name);
    if (known === undefined) continue;
    common++;
    if (known === place) equal++;
  }
  // The region is chosen at the cold boot and handed on from kernel to kernel: it does not move.
  const [region, other] = [places.get('fs_mem'), hex(b.guestmemfs?.fsMem?.addr ?? 0n)];
  if (region !== undefined && b.guestmemfs?.fsMem !== undefined && region !== other) {
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

/** Where things that have a name begin. */
function anchors(handover: Handover): Map<string, string> {
  const { memblock, luo, khoTest, guestmemfs, domains } = handover;
  const places = new Map<string, string>();
  const note = (name: string, place: bigint | undefined): void => {
    if (place !== undefined && !places.has(name)) places.set(name, hex(place));
  };
  for (const { name, start } of memblock?.regions ?? []) note(`region ${name}`, start);
  for (const { name, files } of luo?.sessions ?? []) {
    const session = bytesToHex(nameOf(name));
    for (const file of files ?? []) {
      for (const { list } of folioListsOf(file)) {
        for (const { pfn } of list.folios.runs()) {
          note(`file ${session} ${file.token}`, pfn);
          break;
        }
      }
    }
  }
  for (const { address } of khoTest?.folios ?? []) {
    note('kho_test', address);
    break;
  }
  note('fs_mem', guestmemfs?.fsMem?.addr);
  for (const { persistentId, pgd } of domains ?? []) note(`domain ${persistentId}`, pgd);
  return places;
}
