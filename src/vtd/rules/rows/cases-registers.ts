/** Machines that break the rows on the RTADDR register. */
import { a, b, bit, ecapWithout, type VtdCase } from '../../../../test/validate/vtd-changes.js';
import { MACHINE_B } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['RA-1', 'TTM 2', a([], { rtaddr: 0x103027800n })],
  ['RA-2', 'scalable without SMTS', b([], { ecap: ecapWithout(MACHINE_B, 43) })],
  ['RA-3', 'abort-DMA without ADMS', a([], { rtaddr: 0x103027c00n })],
  ['RA-4', 'SSIRWE in legacy mode', a([], { rtaddr: 0x103027080n })],
  ['RA-5', 'bit 0', a([], { rtaddr: 0x103027001n }), 'warning'],
  ['RA-6', 'root table 0 while TES is set', a([], { rtaddr: 0n, gsts: bit(31) })],
  ['RA-8', 'abort-DMA', a([], { rtaddr: 0x103027c00n, ecap: bit(52) }), 'warning'],
  ['2.6 LRT.1, SRT.1', 'bit 46 of the root table', a([], { rtaddr: 0x400103027000n })],
];
