/** LUO's global state that files depend on, FLB (upstream F1 to F6). */

import { missingOf } from '../../abi/missing.js';
import type { Handover } from '../../abi/model.js';
import type { Luo, LuoFlb } from '../../abi/upstream/model.js';
import { luoFlbHeaderSer, luoFlbSer } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { FILES_AND_FLBS, FLBS } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace, roomFault, rulesOf } from '../../validate/shapes.js';
import { handlerSubject } from '../../validate/subject.js';
import { counted } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { at, UPSTREAM } from '../../validate/upstream/shared.js';
import { FLB_OWNERS, flbOwner } from '../../versions/flb.js';
import { flbCapacity } from './binding.js';
import { noFlbBehind } from './rules-written.js';

const LB = 'kernel/liveupdate/luo_flb.c';

/** LUO's state where it has an FLB page; without one the rule does not apply. */
function withFlbs({ handover }: RuleContext, report: Reporter): Luo | undefined {
  const { luo } = handover;
  if (luo?.flbsAddress === undefined || luo.flbsAddress === 0n) report.skip('there is no FLB page');
  else if (luo.flbCount === undefined) report.absent('the FLB page', luo.flbsAddress);
  else return luo;
  return undefined;
}

/** FLBs, each with its position. */
const FLB_ENTRIES: Elements<readonly [number, LuoFlb]> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: FLBS },
  each: (context, report) => (withFlbs(context, report)?.flbs ?? []).entries(),
  subject: ([, flb]) => handlerSubject(flb),
};
const rule = rulesOf(FLB_ENTRIES.shared);

/** Whether only the kernel's test uses an FLB, whose data is not an address. */
export function isTestFlb({ name }: LuoFlb): boolean {
  return flbOwner(bytesToText(name).text)?.released === true;
}

const flbPages = rule({
  id: 'FLB-001',
  title: 'pgcnt of the FLB header is 1',
  severity: 'warning',
  source: 'upstream F1',
  evidence: LB,
  consequence: 'never read; every kernel writes 1',
  check(context, report) {
    const luo = withFlbs(context, report);
    if (luo === undefined || luo.flbPages === 1n) return;
    report.finding({
      message: `pgcnt of the FLB header is ${luo.flbPages}`,
      location: fieldPlace(luoFlbHeaderSer, luo.flbsAddress, 'pgcnt'),
      found: `${luo.flbPages}`,
      expected: '1',
    });
  },
});

const flbCount = rule({
  id: 'FLB-002',
  title: 'luo_flb_header_ser.count does not exceed the room in the FLB page',
  source: 'upstream F2',
  evidence: `${LB} luo_flb_retrieve_one`,
  consequence: 'not checked: the next kernel takes the memory after the page for entries',
  check(context, report) {
    const luo = withFlbs(context, report);
    const capacity = flbCapacity(context.handover.pageSize);
    if (luo?.flbCount === undefined) return;
    const location = fieldPlace(luoFlbHeaderSer, luo.flbsAddress, 'count');
    const more = roomFault('luo_flb_header_ser.count', luo.flbCount, 'the page', capacity, location);
    if (more !== undefined) report.finding(more);
  },
});

const flbNames = rule({
  id: 'FLB-003',
  title: 'FLB names are unique and NUL-terminated',
  source: 'upstream F3',
  evidence: `${LB} luo_flb_retrieve_one`,
  consequence:
    'not checked: of two equal names only the first is found, and the state of the other is lost; a name without a NUL matches no FLB, so its state is lost (-ENOENT)',
  requires: ['FLB-002'],
  check(context, report) {
    const seen = new Set<string>();
    for (const [i, flb] of (withFlbs(context, report)?.flbs ?? []).entries()) {
      const { text, terminated } = bytesToText(flb.name);
      const location = fieldPlace(luoFlbSer, flb.origin.address, 'name');
      const subject = handlerSubject(flb);
      if (!terminated)
        report.finding({
          subject,
          message: `the name of FLB ${i}, "${text}", is not NUL-terminated`,
          location,
        });
      else if (seen.has(text))
        report.finding({
          subject,
          message: `FLB ${i} has the same name "${text}" as an earlier one`,
          location,
        });
      seen.add(text);
    }
  },
});

const flbUsers = eachRule(FLB_ENTRIES, {
  id: 'FLB-004',
  title: 'count of an FLB is at least 1 and fits in 31 bits',
  severity: 'warning',
  source: 'upstream F4',
  evidence: LB,
  consequence: 'not checked: the reference count warns later, and the FLB is never finished',
  requires: ['FLB-002'],
  *faults([i, flb]) {
    if (flb.count >= 1n && flb.count < 1n << 31n) return;
    yield {
      message: `count of FLB ${i}, "${bytesToText(flb.name).text}", is ${flb.count}`,
      location: fieldPlace(luoFlbSer, flb.origin.address, 'count'),
      found: `${flb.count}`,
      expected: '1 to 2147483647',
    };
  },
});

const knownFlb = eachRule(FLB_ENTRIES, {
  id: 'FLB-005',
  title: 'every FLB exists in a release',
  severity: 'warning',
  source: 'upstream F5',
  evidence: LB,
  consequence: 'silently ignored: the memory it refers to stays reserved until the next cold boot',
  requires: ['FLB-002'],
  *faults([i, flb]) {
    const { text, terminated } = bytesToText(flb.name);
    if (!terminated || isTestFlb(flb)) return;
    yield {
      message: `no release has an FLB "${text}" (entry ${i}${flb.draft === undefined ? '' : `, a draft: ${flb.draft.draft}`})`,
      location: fieldPlace(luoFlbSer, flb.origin.address, 'name'),
      found: text,
    };
  },
});

/** Files that hold an FLB: those that are known to, and how many more there may be. */
interface Holders {
  readonly known: bigint;
  readonly unknown: bigint;
}

function holdersOf({ sessions = [] }: Luo, handlers: RegExp): Holders {
  let known = 0n;
  let unknown = 0n;
  for (const { files = [], count, filesAddress } of sessions) {
    for (const { compatible } of files) if (handlers.test(bytesToText(compatible).text)) known++;
    // What a count says of files that are at 0 is nothing (LUO-009).
    const more = filesAddress === 0n ? 0n : count - BigInt(files.length);
    if (more > 0n) unknown += more;
  }
  return { known, unknown };
}

/** LUO's state where its sessions are written down: until the way to the kexec only the FLBs are known. */
function withSessions(context: RuleContext, report: Reporter): Luo | undefined {
  const luo = withFlbs(context, report);
  if (luo === undefined) return undefined;
  if (luo.sessions === undefined) {
    if (luo.sessionsAddress === undefined)
      report.skip('the address of the sessions is not known', 'prerequisite');
    else report.absent('the list of sessions', luo.sessionsAddress);
    return undefined;
  }
  // The kernel writes the FLBs after the sessions: with one written down, the sessions are all there will be.
  if (luo.sessions.length > 0 || (luo.flbs ?? []).length > 0) return luo;
  report.skip('no session is handed over yet');
  return undefined;
}

const flbDependents = rule({
  id: 'FLB-006',
  title: 'count of an FLB does not exceed the number of files that hold it',
  severity: 'warning',
  source: 'upstream F6',
  evidence: `${LB} liveupdate_flb_put_incoming`,
  consequence: 'not checked: the count never comes down to 0, and the FLB is never finished',
  reads: FILES_AND_FLBS,
  requires: ['FLB-002', 'FLB-004'],
  check(context, report) {
    const luo = withSessions(context, report);
    if (luo === undefined) return;
    for (const [i, flb] of (luo.flbs ?? []).entries()) {
      const name = bytesToText(flb.name).text;
      const { known, unknown } = holdersOf(luo, flbOwner(name)?.handlers ?? /^/);
      const most = known + unknown;
      if (flb.count <= most) continue;
      report.finding({
        subject: handlerSubject(flb),
        message: `count of FLB ${i}, "${name}", is ${flb.count}, but all sessions together have ${counted(most, 'file')} that ${most === 1n ? 'holds' : 'hold'} it`,
        location: fieldPlace(luoFlbSer, flb.origin.address, 'count'),
        found: `${flb.count}`,
        expected: `at most ${most}`,
      });
    }
  },
});

const flbFinishedEarly = rule({
  id: 'FLB-008',
  title: 'count of an FLB includes every file that holds it',
  source: 'upstream F6, 4.3, 4.5',
  evidence: `${LB} liveupdate_flb_put_incoming, luo_flb_file_finish`,
  consequence:
    'not checked: the FLB is finished while files still hold it, so its state is torn down under them; each file finished after that takes the count below 0, and refcount_t warns from 7.2 on',
  reads: FILES_AND_FLBS,
  requires: ['FLB-002', 'FLB-004'],
  check(context, report) {
    const luo = withSessions(context, report);
    if (luo === undefined) return;
    noteUnknownFiles(context.handover, luo, report);
    for (const [i, flb] of (luo.flbs ?? []).entries()) {
      const name = bytesToText(flb.name).text;
      const owner = flbOwner(name);
      if (owner === undefined) continue;
      const { known } = holdersOf(luo, owner.handlers);
      // A count that is not a count is FLB-004.
      if (flb.count >= known || flb.count === 0n) continue;
      report.finding({
        // The test keeps a number and no state.
        ...(owner.needed ? {} : { severity: 'warning' as const }),
        subject: { handler: name },
        message: `count of FLB ${i}, "${name}", is ${flb.count}, but ${counted(known, 'file')} ${known === 1n ? 'holds' : 'hold'} it`,
        location: fieldPlace(luoFlbSer, flb.origin.address, 'count'),
        found: `${flb.count}`,
        expected: `${known}`,
      });
    }
  },
});

const flbMissing = rule({
  id: 'FLB-009',
  title: "the FLB that a file's handler depends on is handed over",
  source: 'upstream F5, F6, 4.3, 4.5, 4.8',
  evidence: `${LB} luo_flb_retrieve_one, liveupdate_flb_put_incoming`,
  consequence:
    '-ENOENT to the handler, which cannot restore the file without the state; finishing the file warns. Where early forms of a draft have no such FLB it is a warning',
  reads: FILES_AND_FLBS,
  follows: ['FLB-002', 'FLB-003'],
  check(context, report) {
    const { luo: own } = context.handover;
    // Without a page there is none of them at all.
    const none = own?.flbsAddress === 0n && (own.sessions ?? []).length > 0;
    const luo = none ? own : withSessions(context, report);
    if (luo === undefined) return;
    noteUnknownFiles(context.handover, luo, report);
    const names = (luo.flbs ?? []).map(({ name }) => bytesToText(name).text);
    for (const { label, name, handlers, needed, always } of FLB_OWNERS) {
      if (!needed || names.some((each) => name.test(each))) continue;
      const { known } = holdersOf(luo, handlers);
      if (known === 0n) continue;
      const certain = always !== undefined && holdersOf(luo, always).known > 0n;
      report.finding({
        ...(certain ? {} : { severity: 'warning' as const }),
        message: `${counted(known, 'file')} ${known === 1n ? 'depends' : 'depend'} on the FLB "${label}", but ${none ? 'the address of the FLBs is 0' : 'the FLB page has no entry of that name'}`,
        location: none
          ? at(luo.origin?.address, 'luo_ser.flbs_pa')
          : fieldPlace(luoFlbHeaderSer, luo.flbsAddress, 'count'),
        subject: { handler: label },
        expected: label,
      });
    }
  },
});

/**
 * Files that cannot be read may hold an FLB too: what is not seen has not passed. Either the dump lacks them, or the
 * count is wrong, of which other rules tell.
 */
function noteUnknownFiles(handover: Handover, { sessions = [] }: Luo, report: Reporter): void {
  const isAbsent = missingOf(handover, ['files']) !== undefined;
  for (const { name, files = [], filesAddress, count } of sessions) {
    if (filesAddress === 0n || BigInt(files.length) >= count) continue;
    const whose = `session ${quoted(name)}`;
    if (isAbsent) report.absent(`a block of files of ${whose}`, filesAddress);
    else report.skip(`${whose} has a count of ${count}, but ${files.length} can be read`, 'prerequisite');
  }
}

export const flbRules: readonly Rule[] = [
  flbPages,
  flbCount,
  flbNames,
  flbUsers,
  knownFlb,
  flbDependents,
  flbFinishedEarly,
  flbMissing,
  noFlbBehind,
];
