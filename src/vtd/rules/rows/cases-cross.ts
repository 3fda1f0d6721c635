/** Machines that break the rows on tables against each other. */
import { a, type VtdCase } from '../../../../test/validate/vtd-changes.js';
import { A_AT } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['XR-1', 'the context table as page table', a([[A_AT.pde + 8, 0x10303e003n]])],
  ['XR-5', 'bit 46, width not known', a([[A_AT.pte, 0x400234567003n]], { haw: undefined }), 'note'],
];
