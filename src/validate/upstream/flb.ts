/** LUO's global state that files depend on, FLB (upstream F1 to F6). */
import type { Luo, LuoFlb } from '../../abi/upstream/model.js';
import { flbCapacity } from '../../decode/upstream/luo.js';
import { LUO_FLB_HEADER_SER, LUO_FLB_SER } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import type { Reporter, Rule, RuleContext } from '../rule.js';
import { handlerSubject } from '../subject.js';
import { at, UPSTREAM } from './shared.js';

const LB = 'kernel/liveupdate/luo_flb.c';
/** What the kernel's own test registers (lib/tests/liveupdate.c): the only ones of a release. */
const TEST_NAMES = /^liveupdate-test-flb-v\d+$/;

/** LUO's state where it has an FLB page; without one the rule does not apply. */
function withFlbs({ handover }: RuleContext, report: Reporter): Luo | undefined {
  const { luo } = handover;
  if (luo?.flbsAddress === undefined || luo.flbsAddress === 0n) report.skip('there is no FLB page');
  else if (luo.flbCount === undefined) report.absent('the FLB page', luo.flbsAddress);
  else return luo;
  return undefined;
}

function place({ origin }: LuoFlb, offset: number, name: string) {
  return at(origin.address === undefined ? undefined : origin.address + BigInt(offset), name);
}

/** Whether only the kernel's test uses an FLB, whose data is no address. */
export function isTestFlb({ name }: LuoFlb): boolean {
  return TEST_NAMES.test(bytesToText(name).text);
}

export const flbPages: Rule = {
  id: 'FLB-001',
  title: 'pgcnt of the FLB header is 1',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream F1',
  evidence: LB,
  consequence: 'never read; every kernel writes 1',
  needs: ['memory'],
  check(context, report) {
    const luo = withFlbs(context, report);
    if (luo === undefined || luo.flbPages === 1n) return;
    report.finding({
      message: `pgcnt of the FLB header is ${luo.flbPages}`,
      location: at((luo.flbsAddress ?? 0n) + BigInt(LUO_FLB_HEADER_SER.pgcnt), 'luo_flb_header_ser.pgcnt'),
      found: `${luo.flbPages}`,
      expected: '1',
    });
  },
};

export const flbCount: Rule = {
  id: 'FLB-002',
  title: 'count of the FLB header is not more than a page holds',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream F2',
  evidence: `${LB} luo_flb_retrieve_one`,
  consequence: 'not checked: the next kernel takes what lies behind the page for entries',
  needs: ['memory'],
  check(context, report) {
    const luo = withFlbs(context, report);
    const capacity = flbCapacity(context.handover.pageSize);
    if (luo?.flbCount === undefined || luo.flbCount <= BigInt(capacity)) return;
    report.finding({
      message: `The FLB header counts ${luo.flbCount} entries, its page holds ${capacity}`,
      location: at((luo.flbsAddress ?? 0n) + BigInt(LUO_FLB_HEADER_SER.count), 'luo_flb_header_ser.count'),
      found: `${luo.flbCount}`,
      expected: `at most ${capacity}`,
    });
  },
};

export const flbNames: Rule = {
  id: 'FLB-003',
  title: 'FLB names are unique, and a NUL ends each',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream F3',
  evidence: `${LB} luo_flb_retrieve_one`,
  consequence:
    'not checked: of equal names the first is found and the state of the other is lost; comparing one without a NUL runs into the next fields',
  needs: ['memory'],
  requires: ['FLB-002'],
  check(context, report) {
    const seen = new Set<string>();
    for (const [i, flb] of (withFlbs(context, report)?.flbs ?? []).entries()) {
      const { text, terminated } = bytesToText(flb.name);
      const location = place(flb, LUO_FLB_SER.name, 'luo_flb_ser.name');
      const subject = handlerSubject(flb);
      if (!terminated)
        report.finding({ subject, message: `No NUL ends the name of FLB ${i}, "${text}"`, location });
      else if (seen.has(text))
        report.finding({ subject, message: `FLB ${i} has the name "${text}" of an earlier one`, location });
      seen.add(text);
    }
  },
};

export const flbUsers: Rule = {
  id: 'FLB-004',
  title: 'count of an FLB is at least 1 and fits 31 bits',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream F4',
  evidence: LB,
  consequence: 'not checked: the reference count warns later, and the FLB is never finished',
  needs: ['memory'],
  requires: ['FLB-002'],
  check(context, report) {
    for (const [i, flb] of (withFlbs(context, report)?.flbs ?? []).entries()) {
      if (flb.count >= 1n && flb.count < 1n << 31n) continue;
      report.finding({
        subject: handlerSubject(flb),
        message: `count of FLB ${i}, "${bytesToText(flb.name).text}", is ${flb.count}`,
        location: place(flb, LUO_FLB_SER.count, 'luo_flb_ser.count'),
        found: `${flb.count}`,
        expected: '1 to 2147483647',
      });
    }
  },
};

export const knownFlb: Rule = {
  id: 'FLB-005',
  title: 'every FLB is one that a release has',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream F5',
  evidence: LB,
  consequence: 'ignored silently: what it refers to stays reserved until the next cold boot',
  needs: ['memory'],
  requires: ['FLB-002'],
  check(context, report) {
    for (const [i, flb] of (withFlbs(context, report)?.flbs ?? []).entries()) {
      const { text, terminated } = bytesToText(flb.name);
      if (!terminated || isTestFlb(flb)) continue;
      report.finding({
        subject: handlerSubject(flb),
        message: `No release has an FLB "${text}" (entry ${i}${flb.draft === undefined ? '' : `, a draft: ${flb.draft.draft}`})`,
        location: place(flb, LUO_FLB_SER.name, 'luo_flb_ser.name'),
        found: text,
      });
    }
  },
};

export const flbDependents: Rule = {
  id: 'FLB-006',
  title: 'no FLB counts more files than there are',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream F6',
  evidence: `${LB} liveupdate_flb_put_incoming`,
  consequence: 'not checked: the count never comes down to 0, and the FLB is never finished',
  needs: ['memory'],
  requires: ['FLB-002', 'FLB-004'],
  check(context, report) {
    const luo = withFlbs(context, report);
    if (luo === undefined) return;
    const { sessions = [], flbs = [] } = luo;
    // Sessions are written on the way to the kexec; until then only the FLBs are known.
    if (sessions.length === 0) {
      report.skip('no session is handed over yet');
      return;
    }
    const files = sessions.reduce((sum, { count }) => sum + count, 0n);
    for (const [i, flb] of flbs.entries()) {
      if (flb.count <= files) continue;
      report.finding({
        subject: handlerSubject(flb),
        message: `count of FLB ${i}, "${bytesToText(flb.name).text}", is ${flb.count}; all sessions together have ${files} files`,
        location: place(flb, LUO_FLB_SER.count, 'luo_flb_ser.count'),
        found: `${flb.count}`,
        expected: `at most ${files}`,
      });
    }
  },
};
