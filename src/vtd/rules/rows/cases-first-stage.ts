/** Machines that break the rows on first-stage tables. */
import {
  b,
  capWithout,
  FIRST,
  firstAtRid,
  NESTED,
  SECOND,
  type VtdCase,
} from '../../../../test/validate/vtd-changes.js';
import { B_AT, MACHINE_B } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['FS-1', 'empty first stage', b([[B_AT.fsPml4e, 0n]]), 'note'],
  ['FS-2', 'bit 46', b([[B_AT.fsPte, 0x400256789067n]])],
  ['FS-3', 'bit 7 in a PML4E', b([[B_AT.fsPml4e, 0x1030710a7n]])],
  ['FS-4', '1 GiB without FS1GP', b([[B_AT.fsPdpe, 0x2800000e7n]], { cap: capWithout(MACHINE_B, 56) })],
  ['FS-5', 'bit 13 of 1 GiB', b([[B_AT.fsPdpe, 0x2800020e7n]])],
  ['FS-6', 'bit 13 of 2 MiB', b([[B_AT.fsPde, 0x2600020e7n]])],
  ['FS-7', 'U/S clear', b([[B_AT.fsPte, 0x256789063n]])],
  ['FS-8', 'R/W clear in a table', b([[B_AT.fsPde, 0x103073025n]])],
  ['FS-10', 'page table not in the dump', b([[B_AT.fsPde, 0x103028027n]]), 'note'],
  [
    'FS-11',
    'guest address beyond the second stage',
    b([...NESTED, [0x234567000, 0x1000000001027n]], { haw: 52 }),
  ],
  [
    'FS-12',
    'not dirty, walks not snooped',
    b([
      [FIRST + 8, 0x1000006n],
      [B_AT.fsPte, 0x256789027n],
    ]),
    'warning',
  ],
  ['FS-13', 'interrupt range', b([[B_AT.fsPte, 0xfee00067n]]), 'warning'],
  ['FS-14', 'XD', b([[B_AT.fsPte, 0x8000000256789067n]]), 'note'],
  ['FS-15', 'P cleared', b([[B_AT.fsPte + 8, 0x256789066n]])],
  ['FS-16', 'upper half', b([[0x103070800, 0x103071027n]]), 'note'],
  ['FS-17', 'bit 52', b([[B_AT.fsPte, 0x10000256789067n]]), 'note'],
  ['FS-18', 'EA', b([[B_AT.fsPte, 0x256789467n]]), 'note'],
  ['FS-19', 'PWT', b([[B_AT.fsPte, 0x25678906fn]]), 'note'],
  ['2.6 SFS.6', 'a top table that the guest has not', b([...NESTED, [SECOND + 16, 0x5000n]]), 'warning'],
  ['2.6 SFS.7', 'a table that the guest has not', b([...NESTED, [0x234567000, 0x5027n]]), 'warning'],
  ['1.9 table at 0', 'PDE to address 0', b([[B_AT.fsPde, 0x27n]])],
  ['3.14 first stage', 'interrupt range as input of RID_PASID', b(firstAtRid()), 'warning'],
  ['1.9 P clear', 'P and R/W clear', b([[B_AT.fsPte + 8, 0x256789064n]])],
];
