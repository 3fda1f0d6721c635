/** Machines that break the rows on where pointers lead. */
import { a, b, otherPage, type VtdCase } from '../../../../test/validate/vtd-changes.js';
import { A_AT, B_AT } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['tables in RAM', 'context table in the first MiB', a([[A_AT.root + 16, 0x5001n]])],
  ['tables in RAM', 'high half missing', a([[A_AT.root + 16, 0x303e001n]])],
  ['tables are tables', 'a page of other data as context table', a(otherPage(0x11n))],
  ['tables in use', 'empty context table', a(otherPage(0n)), 'note'],
  ['1.5 P clear', 'P cleared', b([[B_AT.context + 32, 0x103050408n]])],
  ['1.6 P clear', 'P cleared', b([[B_AT.directory + 16, 0x103052000n]])],
  ['depth', 'AW one level short', a([[A_AT.context + 8, 0x2301n]])],
];
