/** What the kernel leaves after the last record of LUO's arrays: a count that is too low shows there. */
import type { Handover } from '../../abi/model.js';
import { readBytes } from '../../memory/read.js';
import {
  LUO_FLB_HEADER_SER_SIZE,
  LUO_FLB_SER_SIZE,
  LUO_SESSION_HEADER_SER_SIZE,
  LUO_SESSION_SER_V1_SIZE,
} from '../../records/luo.js';
import { FLBS, SESSIONS } from '../../validate/reads.js';
import type { Reporter, Rule } from '../../validate/rule.js';
import { at, UPSTREAM } from '../../validate/upstream/shared.js';
import { LUO_TREES } from '../../versions/generations.js';
import { flbCapacity, sessionCapacity } from './binding.js';

/** An array with room for more records than are counted. */
interface CountedArray {
  readonly what: string;
  readonly field: string;
  readonly start: bigint;
  readonly count: bigint;
  readonly capacity: number;
  readonly size: number;
}

/** A check that the record after the last one of an array is zero; skipped where `arrayOf` finds no `where`. */
function zeroBehind(
  where: string,
  arrayOf: (handover: Handover) => CountedArray | undefined,
): NonNullable<Rule['check']> {
  return ({ handover }, report) => {
    const array = arrayOf(handover);
    if (array === undefined) report.skip(`there is no ${where}`);
    else checkRest(handover, array, report);
  };
}

function checkRest(
  { memory }: Handover,
  { what, field, start, count, capacity, size }: CountedArray,
  report: Reporter,
): void {
  if (memory === undefined || count >= BigInt(capacity)) return;
  const address = start + count * BigInt(size);
  const bytes = readBytes(memory, address, size);
  if (bytes === undefined) {
    // No record: a core that is cut down to records need not have it.
    report.skip(
      `the memory after the last ${what} at 0x${address.toString(16)} is not in the dump`,
      'not-given',
    );
    return;
  }
  if (bytes.every((byte) => byte === 0)) return;
  report.finding({
    message: `non-zero bytes after the last counted ${what} (count is ${count})`,
    location: at(address, field),
    expected: 'zeros',
  });
}

export const noSessionBehind: Rule = {
  id: 'LUO-020',
  title: 'the bytes after the last session of the session area are zero',
  severity: 'warning',
  generations: LUO_TREES,
  source: 'upstream 3.5.1, L5',
  evidence: 'kernel/liveupdate/luo_session.c luo_session_serialize, luo_session_deserialize (6.19 to 7.1)',
  consequence: 'not checked: a session missing from the count is lost, and its files stay reserved',
  needs: ['memory'],
  reads: SESSIONS,
  requires: ['LUO-005'],
  check: zeroBehind('session area', ({ luo, pageSize }) => {
    const { sessionCount, sessionsAddress, sessionBlocks } = luo ?? {};
    if (sessionCount === undefined || sessionsAddress === undefined || sessionBlocks !== undefined)
      return undefined;
    return {
      what: 'session',
      field: 'luo_session_ser_v1.name',
      start: sessionsAddress + BigInt(LUO_SESSION_HEADER_SER_SIZE),
      count: sessionCount,
      capacity: sessionCapacity(pageSize),
      size: LUO_SESSION_SER_V1_SIZE,
    };
  }),
};

export const noFlbBehind: Rule = {
  id: 'FLB-007',
  title: 'the bytes after the last FLB of the FLB page are zero',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream 3.5.5, F2',
  evidence: 'kernel/liveupdate/luo_flb.c luo_flb_serialize, luo_flb_retrieve_one',
  consequence:
    'not checked: an FLB missing from the count is lost, and the memory it refers to stays reserved',
  needs: ['memory'],
  reads: FLBS,
  requires: ['FLB-002'],
  check: zeroBehind('FLB page', ({ luo, pageSize }) => {
    const { flbCount, flbsAddress } = luo ?? {};
    if (flbCount === undefined || flbsAddress === undefined) return undefined;
    return {
      what: 'FLB',
      field: 'luo_flb_ser.name',
      start: flbsAddress + BigInt(LUO_FLB_HEADER_SER_SIZE),
      count: flbCount,
      capacity: flbCapacity(pageSize),
      size: LUO_FLB_SER_SIZE,
    };
  }),
};
