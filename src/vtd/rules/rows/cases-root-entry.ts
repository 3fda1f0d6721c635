/** Machines that break the rows on root entries. */
import { a, b, type VtdCase } from '../../../../test/validate/vtd-changes.js';
import { A_AT, B_AT } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['RT-1', 'bus without root entry', a([], { device: { bus: 1, devfn: 0 } }), 'warning'],
  ['RT-2', 'bit 1', a([[A_AT.root, 0x10303e003n]])],
  ['RT-3', 'bit 46', a([[A_AT.root, 0x40010303e001n]])],
  ['RT-4', 'second word', a([[A_AT.root + 8, 1n]])],
  ['RT-5', 'bit 1 of the lower half', b([[B_AT.root, 0x10303e003n]])],
  ['RT-6', 'bit 46 of the upper half', b([[B_AT.root + 8, 0x400000000001n]])],
  ['RT-7', 'pointer without P', a([[A_AT.root + 16, 0x10303e000n]])],
  ['RT-8', 'context table not in the dump', a([[A_AT.root + 16, 0x103028001n]]), 'note'],
  ['RT-9', 'two buses, one context table', a([[A_AT.root + 16, 0x10303e001n]])],
  ['1.1 CTP 0', 'pointer 0', a([[A_AT.root, 1n]])],
  ['1.2 LCTP, UCTP 0', 'pointer of the upper half 0', b([[B_AT.root + 8, 1n]])],
];
