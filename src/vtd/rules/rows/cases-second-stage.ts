/** Machines that break the rows on second-stage tables. */
import {
  a,
  b,
  capWithout,
  ecapWith,
  ecapWithout,
  NESTED,
  SECOND,
  type VtdCase,
} from '../../../../test/validate/vtd-changes.js';
import { A_AT, B_AT, MACHINE_A, MACHINE_B } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  [
    'SS-1',
    'read-only leaf below a write-only table',
    a([
      [A_AT.pde, 0x103042002n],
      [A_AT.pte, 0x234567001n],
    ]),
    'warning',
  ],
  ['SS-2', 'no permission', a([[A_AT.pte, 0x234567800n]])],
  ['SS-3', 'bit 46', a([[A_AT.pte, 0x400234567003n]])],
  ['SS-4', 'bit 62', a([[A_AT.pte, 0x4000000234567003n]])],
  ['SS-5', 'SNP on a table', a([[A_AT.pdpe, 0x103041803n]])],
  ['SS-6', 'SNP without SC', a([[A_AT.pte, 0x234567803n]], { ecap: ecapWithout(MACHINE_A, 7) })],
  ['SS-7', 'bit 7 in a PML4E', a([[A_AT.pml4e, 0x103040083n]])],
  ['SS-8', '2 MiB without SSLPS', a([], { cap: capWithout(MACHINE_A, 34) })],
  ['SS-9', '1 GiB without SSLPS', a([], { cap: capWithout(MACHINE_A, 35) })],
  ['SS-10', 'bit 12 of 2 MiB', a([[A_AT.pdeLeaf, 0x240001083n]])],
  ['SS-11', 'bit 12 of 1 GiB', a([[A_AT.pdpeLeaf, 0x280001083n]])],
  [
    'SS-12',
    'memory type 2',
    b(
      [
        [SECOND + 8, 0x4800005n],
        [B_AT.ssPte, 0x234567013n],
      ],
      { ecap: ecapWith(MACHINE_B, 25) },
    ),
    'warning',
  ],
  ['SS-13', 'page table not in the dump', a([[A_AT.pde, 0x103028003n]]), 'note'],
  ['SS-14', 'interrupt range', a([[A_AT.pte, 0xfee00003n]]), 'warning'],
  ['SS-15', 'beyond MGAW', a([], { cap: 0x00d2078c40260606n }), 'warning'],
  ['SS-17', 'table without W', a([[A_AT.pdpe, 0x103041001n]])],
  ['SS-18', 'bit 52', a([[A_AT.pte, 0x10000234567003n]]), 'warning'],
  ['SS-19', 'A in legacy mode', a([[A_AT.pte, 0x234567103n]]), 'note'],
  ['SS-20', 'D without A', b([[B_AT.ssPte, 0x234567203n]]), 'note'],
  ['SS-21', 'cycle', a([[A_AT.pde, 0x10303f003n]])],
  ['SS-22', 'one table twice', a([[A_AT.pde + 8, 0x103042003n]])],
  ['SS-23', 'a leaf maps the root table', a([[A_AT.pte, 0x103027003n]])],
  ['SS-25', 'bit 2', a([[A_AT.pte, 0x234567007n]]), 'note'],
  ['SS-26', 'bit 10 on a leaf', a([[A_AT.pte, 0x234567403n]]), 'note'],
  ['SS-27', 'empty table', a([[A_AT.pte, 0n]]), 'note'],
  ['SS-28', 'leaves with and without SNP', a([[A_AT.pdpeLeaf, 0x280000883n]]), 'note'],
  ['SS-29', 'read-only leaf of a nesting parent', b([...NESTED, [B_AT.ssPte + 8, 0x234568001n]]), 'warning'],
  ['SS-30', 'write-only leaf', a([[A_AT.pte, 0x234567002n]]), 'note'],
  [
    'SS-31',
    'interrupt range as input',
    a([
      [0x10303f000, 0x103044003n],
      [0x103044018, 0x103045003n],
      [0x103045fb8, 0x250000083n],
    ]),
    'warning',
  ],
  ['SS-32', 'table at 0', a([[A_AT.pde, 3n]])],
];
