/** Machines that break the rows on PASID directories. */
import { b, type VtdCase } from '../../../../test/validate/vtd-changes.js';
import { B_AT } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  [
    'PD-1',
    'directory entry absent',
    b([[B_AT.directory, 0n]], { device: { bus: 0x3b, devfn: 0 } }),
    'warning',
  ],
  ['PD-2', 'bit 2', b([[B_AT.directory, 0x103051005n]])],
  ['PD-3', 'bit 46', b([[B_AT.directory, 0x400103051001n]])],
  ['PD-4', 'table not in the dump', b([[B_AT.directory + 16, 0x103028001n]]), 'note'],
  ['PD-5', 'FPD', b([[B_AT.directory, 0x103051003n]]), 'warning'],
  ['PD-6', 'one table twice', b([[B_AT.directory + 16, 0x103051001n]])],
  ['1.6 SMPTBLPTR 0', 'pointer 0', b([[B_AT.directory, 1n]])],
];
