/** What the kernel's writers leave in places that no reader looks at: other contents tell of damage. */

import type { FdtTree } from '../../fdt/parse.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { KHO_TEST, LUO, MEMBLOCK } from '../../validate/reads.js';
import type { Reporter, Rule } from '../../validate/rule.js';
import { hex } from '../../validate/text.js';
import { readableTree, UPSTREAM } from '../../validate/upstream/shared.js';

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
