/** Sessions of LUO (upstream L5 to L9, L11). */

import type { Handover } from '../../abi/model.js';
import type { Luo, LuoSession } from '../../abi/upstream/model.js';
import { LUO_FILE_SER_SIZE, luoSessionHeaderSer, luoSessionSer } from '../../records/luo.js';
import { findAreas, findLists } from '../../references/chains.js';
import { bytesToText } from '../../schema/text.js';
import { FILES, SESSIONS } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace, roomFault, rulesOf } from '../../validate/shapes.js';
import { sessionSubject } from '../../validate/subject.js';
import { counted, hex } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
import { factsOf } from '../../versions/generations.js';
import { blockCapacity } from '../blocks.js';
import { fileCapacity, luoForm, sessionCapacity } from './binding.js';
import { noSessionBehind } from './rules-written.js';

const LS = 'kernel/liveupdate/luo_session.c';
const LF = 'kernel/liveupdate/luo_file.c';
/** The failure that costs every session. */
const ALL_LOST =
  'reading the sessions stops, every open of /dev/liveupdate returns -EIO, and all files are lost';

/** Sessions; none where their count is damaged, as their end is not known then. */
export const SESSION_LIST = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: SESSIONS },
  each(context, report) {
    const luo = luoOf(context, report);
    if ((luo?.sessionCount ?? 0n) > BigInt(sessionCapacity(context.handover.pageSize))) {
      report.skip('the number of sessions is damaged (LUO-005)');
      return [];
    }
    if (luo !== undefined && luo.sessions === undefined && luo.sessionsAddress !== 0n) {
      report.absent('the list of sessions', luo.sessionsAddress ?? 0n);
    }
    return luo?.sessions ?? [];
  },
  subject: (session: LuoSession) => sessionSubject(session),
} satisfies Elements<LuoSession>;
const rule = rulesOf(SESSION_LIST.shared);

/** LUO's state; without it the rule does not apply. */
function luoOf({ handover }: RuleContext, report: Reporter): Luo | undefined {
  if (handover.luo === undefined) report.skip('the dump has no LUO state');
  return handover.luo;
}

const sessionCount = rule({
  id: 'LUO-005',
  title: 'luo_session_header_ser.count does not exceed the room in the session area',
  source: 'upstream L5',
  evidence: `${LS} luo_session_deserialize (6.19 to 7.1)`,
  consequence: 'not checked: the next kernel takes the memory after the area for sessions',
  check(context, report) {
    const luo = luoOf(context, report);
    if (luo === undefined) return;
    const { sessionCount: count, sessionsAddress } = luo;
    if (count === undefined) {
      if (luoForm(luo.version)?.sessions.kind === 'chain') report.skip(`${luo.version} has no session area`);
      else if (sessionsAddress === 0n) report.skip('there is no session area: its address is 0');
      else report.absent('the session area', sessionsAddress ?? 0n);
      return;
    }
    const capacity = sessionCapacity(context.handover.pageSize);
    const location = fieldPlace(luoSessionHeaderSer, sessionsAddress, 'count');
    const more = roomFault('luo_session_header_ser.count', count, 'the area', capacity, location);
    if (more !== undefined) report.finding(more);
  },
});

const sessionNameEnds = eachRule(SESSION_LIST, {
  id: 'LUO-006',
  title: 'every session name is NUL-terminated',
  severity: 'warning',
  source: 'upstream L6',
  evidence: `${LS} luo_session_alloc`,
  consequence:
    'the next kernel truncates the name to 63 characters: the session cannot be found by its original name',
  *faults(session) {
    if (bytesToText(session.name).terminated) return;
    yield {
      message: `the name of session ${quoted(session.name)} is not NUL-terminated`,
      location: fieldPlace(luoSessionSer, session.origin.address, 'name'),
    };
  },
});

const sessionNamed = rule({
  id: 'LUO-007',
  title: 'no session name is empty',
  severity: 'warning',
  source: 'upstream L7',
  evidence: `${LS} luo_session_create, luo_session_deserialize_one`,
  consequence:
    'accepted on reading, and the session can be retrieved by its empty name; kernels from 7.1.8 and 7.3 on refuse to create such a session, so they never write one',
  check(context, report) {
    const legal = mayBeNameless(context.handover);
    for (const [i, session] of SESSION_LIST.each(context, report).entries()) {
      if (session.name[0] !== 0) continue;
      report.finding({
        ...(legal ? { severity: 'note' as const } : {}),
        subject: sessionSubject(session),
        message: `session ${i} has no name`,
        location: fieldPlace(luoSessionSer, session.origin.address, 'name'),
      });
    }
  },
});

/** luo_session_create looks at the length from 7.1.8 and 7.3 on; before that, healthy kernels write such a session. */
export function mayBeNameless({ generation, kexecMetadata }: Handover): boolean {
  const release = kexecMetadata?.previousRelease;
  return (
    factsOf(generation)?.luo !== 'record' ||
    (release !== undefined && bytesToText(release).text.startsWith('7.2'))
  );
}

const sessionNamesUnique = rule({
  id: 'LUO-008',
  title: 'session names are unique',
  source: 'upstream L8',
  evidence: `${LS} luo_session_insert`,
  consequence: `-EEXIST: ${ALL_LOST}`,
  check(context, report) {
    const seen = new Map<string, { readonly index: number; others: number }>();
    const sessions = SESSION_LIST.each(context, report);
    const keys = sessions.map(({ name }) => {
      // The kernel compares bytes; text stands for them here, with the bytes beyond UTF-8 told apart.
      const nul = name.indexOf(0);
      return Array.from(nul < 0 ? name.subarray(0, name.length - 1) : name.subarray(0, nul)).join();
    });
    for (const [index, key] of keys.entries()) {
      const first = seen.get(key);
      if (first === undefined) seen.set(key, { index, others: 0 });
      else first.others++;
    }
    for (const [i, session] of sessions.entries()) {
      const first = seen.get(keys[i] ?? '');
      if (first === undefined || first.index === i || first.others === 0) continue;
      // One finding for each name: a count that is too high makes many sessions without one.
      const more = first.others > 1 ? ` (and ${first.others - 1} more)` : '';
      first.others = 0;
      report.finding({
        subject: sessionSubject(session),
        message: `sessions ${first.index} and ${i} are both named ${quoted(session.name)}${more}`,
        location: fieldPlace(luoSessionSer, session.origin.address, 'name'),
      });
    }
  },
});

const noFilesNoCount = eachRule(SESSION_LIST, {
  id: 'LUO-009',
  title: 'a session with files at 0 has a count of 0',
  source: 'upstream L9',
  evidence: `${LF} luo_file_deserialize`,
  consequence:
    'WARN_ON (a panic with panic_on_warn), and the session is restored without files: the files it had are lost, and their memory stays reserved',
  *faults(session) {
    const { filesAddress, count, name } = session;
    if (filesAddress !== 0n || count === 0n) return;
    yield {
      message: `session ${quoted(name)} has a count of ${count}, but its files are at 0`,
      location: fieldPlace(luoSessionSer, session.origin.address, 'fileSetSer.count'),
      found: `${count}`,
      expected: '0',
    };
  },
});

const fileCount = rule({
  id: 'LUO-011',
  title: 'count of a session is the number of its files',
  source: 'upstream L11',
  evidence: `${LF} luo_file_deserialize`,
  consequence: `-EINVAL: ${ALL_LOST}. Up to 7.1 the count is trusted, and the kernel reads beyond the array`,
  reads: FILES,
  check(context, report) {
    const capacity = BigInt(fileCapacity(context.handover.pageSize));
    const blockLists = findLists(context.handover);
    const broken = new Set(blockLists.flatMap(({ broken, head }) => (broken === undefined ? [] : [head])));
    for (const session of SESSION_LIST.each(context, report)) {
      const { filesAddress, count, files, fileBlocks, name } = session;
      if (filesAddress === 0n || broken.has(filesAddress)) continue;
      if (files === undefined) {
        report.absent(`the files of session ${quoted(name)}`, filesAddress);
        continue;
      }
      const location = fieldPlace(luoSessionSer, session.origin.address, 'fileSetSer.count');
      if (fileBlocks === undefined) {
        if (count > capacity) {
          report.finding({
            subject: sessionSubject(session),
            message: `session ${quoted(name)} has a count of ${count}, but its array has room for ${capacity}`,
            location,
            found: `${count}`,
            expected: `at most ${capacity}`,
          });
        } else if (BigInt(files.length) < count) {
          report.absent(`the files of session ${quoted(name)}`, filesAddress);
        }
        continue;
      }
      // What a block counts that cannot be is BLOCK-003.
      const most = BigInt(blockCapacity(context.handover.pageSize, LUO_FILE_SER_SIZE));
      if (fileBlocks.some((block) => block.count === 0n || block.count > most)) continue;
      const listed = fileBlocks.reduce((sum, block) => sum + block.count, 0n);
      if (listed === count) {
        if (BigInt(files.length) < count) report.absent(`files of session ${quoted(name)}`, filesAddress);
        continue;
      }
      report.finding({
        subject: sessionSubject(session),
        message: `session ${quoted(name)} has a count of ${count}, but its blocks hold ${counted(listed, 'file')}`,
        location,
        found: `${count}`,
        expected: `${listed}`,
      });
    }
  },
});

function notOwn(other: LuoSession | undefined, list: string | undefined): string {
  if (other !== undefined) return `as are those of session ${quoted(other.name)}`;
  return list === undefined ? 'beyond 2^52' : `a list page of ${list}`;
}

const arrayOwner = rule({
  id: 'LUO-019',
  title: 'the files of a session are at a physical address, and are not shared with another session or list',
  source: 'upstream L11, X12',
  evidence: `${LF} luo_file_deserialize (6.19 to 7.1)`,
  consequence:
    'the next kernel faults, or gives both sessions the same files and fails when it restores the second',
  reads: FILES,
  check(context, report) {
    const form = luoForm(context.handover.luo?.version);
    if (form?.files.kind === 'chain') {
      report.skip(`${form.version} keeps files in blocks (BLOCK-007)`);
      return;
    }
    const seen = new Map<bigint, LuoSession>();
    // Decoding takes such an array for absent: its page is that of a list already.
    const listed = new Map(
      findAreas(context.handover).flatMap(({ owner, area }) =>
        Array.from(area.chunks, (address) => [BigInt(address), owner] as const),
      ),
    );
    for (const session of SESSION_LIST.each(context, report)) {
      const { filesAddress, name } = session;
      if (filesAddress === 0n) continue;
      const other = seen.get(filesAddress);
      const list = listed.get(filesAddress);
      if (other === undefined && list === undefined && filesAddress < 1n << 52n) {
        seen.set(filesAddress, session);
        continue;
      }
      report.finding({
        subject: sessionSubject(session),
        message: `the files of session ${quoted(name)} are at ${hex(filesAddress)}, ${notOwn(other, list)}`,
        location: fieldPlace(luoSessionSer, session.origin.address, 'fileSetSer.files'),
        found: hex(filesAddress),
      });
    }
  },
});

export const sessionRules: readonly Rule[] = [
  sessionCount,
  noSessionBehind,
  sessionNameEnds,
  sessionNamed,
  sessionNamesUnique,
  noFilesNoCount,
  fileCount,
  arrayOwner,
];
