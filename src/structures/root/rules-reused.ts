/** What records lead to is what they say. */
import { PARTS, reusedOf } from '../../abi/missing.js';
import { GENERATIONS, type Handover } from '../../abi/model.js';
import { firstFrom } from '../../memory/first-after.js';
import { claimsOf } from '../../references/claims.js';
import { grouped } from '../../schema/grouped.js';
import type { Rule, Subject } from '../../validate/rule.js';
import { counted, hex } from '../../validate/text.js';

export const soundMemory: Rule = {
  id: 'KHO-240',
  title: 'what records lead to looks like the records that should be there',
  severity: 'error',
  generations: GENERATIONS,
  source: 'upstream 5, rfc-2024 K5',
  evidence:
    'kernel/liveupdate: kho_radix_walk_tree, kho_restore_vmalloc, luo_session_deserialize and the retrieve callbacks check counts and versions, and follow the pointers',
  consequence:
    'the next kernel takes these bytes for records: it follows pointers that are none, and restores and frees pages of other owners. Here such memory is taken as zero, and none of it is shown',
  needs: ['memory'],
  reads: PARTS,
  finish({ handover }, report) {
    const { reused } = handover;
    const places = grouped(reusedOf(reused), ({ what, tail }) => `${what} ${tail === true}`);
    const firsts = [...places.values()].flatMap(([first]) => (first === undefined ? [] : [first.start]));
    const subjects = firsts.length === 0 ? undefined : subjectsOf(handover, firsts);
    for (const [first, ...more] of places.values()) {
      if (first === undefined) continue;
      const { what, start, end, tail } = first;
      const length = more.reduce((sum, each) => sum + each.end - each.start, end - start);
      const others = more.length === 0 ? '' : `, the first of ${more.length + 1} ranges`;
      const subject = subjects?.get(start);
      report.finding({
        ...(subject === undefined ? {} : { subject }),
        // The kernel stops at the NUL.
        ...(tail === true ? { severity: 'warning' as const } : {}),
        message:
          tail === true
            ? `${what}: ${counted(length, 'byte')} after the NUL of a text at ${hex(BigInt(start))}${others}`
            : `${what}: ${counted(length, 'byte')} at ${hex(BigInt(start))}${others}: not what should be there, as the memory was used again, or a pointer to it is damaged`,
        location: { address: BigInt(start) },
      });
    }
  },
};

/** Whose records and lists addresses are in, as far as these have an owner with a name. */
function subjectsOf(handover: Handover, addresses: readonly number[]): ReadonlyMap<number, Subject> {
  const sorted = Float64Array.from(addresses).sort();
  const subjects = new Map<number, Subject>();
  for (const { at, subject, runs } of claimsOf(handover)) {
    if (at === 'contents' || at === 'region' || at === 'tables' || Object.keys(subject).length === 0)
      continue;
    for (const { start, end } of runs())
      for (let i = firstFrom(sorted, Number(start)); i < sorted.length; i++) {
        const address = sorted[i] as number;
        if (address >= Number(end)) break;
        if (!subjects.has(address)) subjects.set(address, subject);
      }
  }
  return subjects;
}
