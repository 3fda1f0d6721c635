/** What records lead to is what they say. */
import { PARTS, type Reused, reusedOf } from '../../abi/missing.js';
import { GENERATIONS, type Handover } from '../../abi/model.js';
import type { LuoSession } from '../../abi/upstream/model.js';
import { bytesToText } from '../../schema/text.js';
import type { Rule, Subject } from '../../validate/rule.js';
import { fileSubject, sessionSubject } from '../../validate/subject.js';
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
    const places = new Map<string, Reused[]>();
    for (const each of reusedOf(reused)) {
      const key = `${each.what} ${each.tail === true}`;
      const found = places.get(key);
      if (found === undefined) places.set(key, [each]);
      else found.push(each);
    }
    const ownerOf = owners(handover);
    for (const [first, ...more] of places.values()) {
      if (first === undefined) continue;
      const { what, start, end, tail } = first;
      const length = more.reduce((sum, each) => sum + each.end - each.start, end - start);
      const others = more.length === 0 ? '' : `, the first of ${more.length + 1} ranges`;
      const subject = ownerOf(what);
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

/** Whose what is read is: its words end with the name of a session, before it the number of a file. */
function owners({ luo }: Handover): (what: string) => Subject | undefined {
  const sessions = new Map<string, LuoSession>();
  for (const session of luo?.sessions ?? []) {
    const name = bytesToText(session.name).text;
    if (!sessions.has(name)) sessions.set(name, session);
  }
  return (what) => {
    const [, index, name] = /(?:\bfile (\d+) of )?\bsession "(.*)"$/s.exec(what) ?? [];
    const session = name === undefined ? undefined : sessions.get(name);
    if (session === undefined) return undefined;
    const file = index === undefined ? undefined : session.files?.[Number(index)];
    return file === undefined ? sessionSubject(session) : fileSubject(session, file);
  };
}
