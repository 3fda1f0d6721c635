/** What the kernel's writers leave in places that no reader looks at: other contents tell of damage. */

import type { Handover } from '../../abi/model.js';
import { flbCapacity, sessionCapacity } from '../../decode/upstream/luo.js';
import type { FdtTree } from '../../fdt/parse.js';
import { readBytes } from '../../memory/read.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import {
  LUO_FLB_HEADER_SER_SIZE,
  LUO_FLB_SER_SIZE,
  LUO_SESSION_HEADER_SER_SIZE,
  LUO_SESSION_SER_V1_SIZE,
} from '../../records/luo.js';
import { LUO_TREES } from '../../versions/generations.js';
import { FLBS, KHO_TEST, LUO, MEMBLOCK, SESSIONS } from '../reads.js';
import type { Reporter, Rule } from '../rule.js';
import { hex } from '../text.js';
import { at, readableTree, UPSTREAM } from './shared.js';

const RESERVE_ENTRY = 16;

/** A field of a header, its value, and the one that the writers put there. */
type HeaderField = readonly [name: string, found: number, expected: number];

/** The sequential writer leaves room for an entry before its own; an edited tree has none. */
function headerFields({ header }: FdtTree, sequential: boolean): HeaderField[] {
  if (header === undefined) return [];
  const { offMemRsvmap, offDtStruct, offDtStrings, sizeDtStrings, totalsize } = header;
  const edited = FDT_HEADER_SIZE;
  const fresh = FDT_HEADER_SIZE + 8;
  return [
    ['version', header.version, 17],
    ['last_comp_version', header.lastCompVersion, 16],
    ['boot_cpuid_phys', header.bootCpuidPhys, 0],
    ['off_mem_rsvmap', offMemRsvmap, sequential || offMemRsvmap !== edited ? fresh : edited],
    ['off_dt_struct', offDtStruct, offMemRsvmap + RESERVE_ENTRY],
    ['totalsize', totalsize, offDtStrings + sizeDtStrings],
  ];
}

function checkHeader(
  tree: FdtTree | undefined,
  of: string,
  base: bigint | undefined,
  sequential: boolean,
  report: Reporter,
): void {
  if (tree === undefined) return;
  for (const [name, found, expected] of headerFields(tree, sequential)) {
    if (found === expected) continue;
    report.finding({
      message: `${name} of ${of} is ${hex(found)}, but the kernel's writer leaves ${hex(expected)} there`,
      location: {
        field: `fdt_header.${name}`,
        ...(base === undefined ? {} : { address: base + BigInt(headerOffset(name)) }),
      },
      found: hex(found),
      expected: hex(expected),
    });
  }
}

/** Of a field in the header, by its order. */
function headerOffset(name: string): number {
  return HEADER.indexOf(name) * 4;
}

const HEADER = [
  'magic',
  'totalsize',
  'off_dt_struct',
  'off_dt_strings',
  'off_mem_rsvmap',
  'version',
  'last_comp_version',
  'boot_cpuid_phys',
];

export const writtenHeaders: Rule = {
  id: 'KHO-120',
  title: "the headers of the tree and of its riders' trees are as the kernel writes them",
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream 2.2.3, 2.2.4',
  evidence: 'lib/libfdt fdt_sw.c fdt_finish, fdt_rw.c fdt_pack; kernel/liveupdate/kexec_handover.c',
  consequence:
    'accepted, but not written by the kernel: the header was damaged or another tool edited the tree',
  requires: ['KHO-108'],
  reads: [...LUO, ...MEMBLOCK, ...KHO_TEST],
  check({ handover }, report) {
    checkHeader(readableTree(handover), 'the tree', handover.fdtAddress, false, report);
    for (const { known, tree, name = '', address } of handover.subtrees ?? []) {
      if (known === true) checkHeader(tree, `the tree of ${name}`, address, true, report);
    }
  },
};

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
