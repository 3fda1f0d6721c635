/** Machines that break the rows on context entries of legacy mode. */
import {
  a,
  bit,
  ecapWithout,
  passThrough,
  secondContext,
  type VtdCase,
} from '../../../../test/validate/vtd-changes.js';
import { A_AT, MACHINE_A } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['CT-1', 'function without context', a([], { device: { bus: 0x3b, devfn: 1 } }), 'warning'],
  ['CT-2', 'bit 4', a([[A_AT.context, 0x10303f015n]])],
  ['CT-3', 'bit 46', a([[A_AT.context, 0x40010303f005n]])],
  ['CT-4', 'bit 71', a([[A_AT.context + 8, 0x2382n]])],
  ['CT-5', 'bit 88', a([[A_AT.context + 8, 0x1002302n]])],
  ['CT-6', 'domain id of 9 bits, ND 2', a([[A_AT.context + 8, 0x12302n]], { cap: 0x00d2078c406f0602n })],
  ['CT-7', 'TT 3', a([[A_AT.context, 0x10303f00dn]])],
  ['CT-8', 'TT 1 without DT', a([], { ecap: ecapWithout(MACHINE_A, 2) })],
  ['CT-9', 'TT 2 without PT', a(passThrough(2n), { ecap: ecapWithout(MACHINE_A, 6) })],
  ['CT-10', 'AW 5', a([[A_AT.context + 8, 0x2305n]])],
  ['CT-11', 'AW 3', a([[A_AT.context + 8, 0x2303n]])],
  ['CT-12', 'pass-through with AW 1', a(passThrough(1n))],
  ['CT-13', 'top table not in the dump', a([[A_AT.context, 0x103028005n]]), 'note'],
  ['CT-14', 'pointer 0', a([[A_AT.context, 5n]])],
  ['CT-15', 'DID 0, caching mode', a([[A_AT.context + 8, 2n]], { cap: (MACHINE_A.cap ?? 0n) | bit(7) })],
  ['CT-16', 'DID 1 with a table', a([[A_AT.context + 8, 0x102n]]), 'note'],
  ['CT-17', 'FPD', a([[A_AT.context, 0x10303f007n]]), 'warning'],
  ['CT-18', 'ignored bits', a([[A_AT.context + 8, 0x230an]]), 'note'],
  ['CT-19', 'P cleared', a(secondContext(0x10303f004n, 0x2402n))],
  ['CT-20', 'one id, two tables', a(secondContext(0x103040005n, 0x2302n))],
  ['CT-21', 'one table, two ids', a(secondContext(0x10303f005n, 0x2402n))],
];
