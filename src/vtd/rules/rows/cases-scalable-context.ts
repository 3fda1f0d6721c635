/** Machines that break the rows on context entries of scalable mode. */
import {
  b,
  bit,
  ecapWith,
  ecapWithout,
  SECOND,
  type VtdCase,
} from '../../../../test/validate/vtd-changes.js';
import { B_AT, MACHINE_B } from '../../../../test/validate/vtd-machines.js';

export const VTD_CASES: readonly VtdCase[] = [
  ['SC-1', 'function without context', b([], { device: { bus: 0x3b, devfn: 1 } }), 'warning'],
  ['SC-2', 'bit 7', b([[B_AT.context, 0x103050489n]])],
  ['SC-3', 'HPTE without HPTS', b([[B_AT.context, 0x103050429n]])],
  ['SC-4', 'bit 46', b([[B_AT.context, 0x400103050409n]])],
  ['SC-5', 'RID_PASID without RPS', b([[B_AT.context + 8, 0x41n]], { ecap: ecapWithout(MACHINE_B, 49) })],
  ['SC-6', 'bit 85', b([[B_AT.context + 8, bit(21)]])],
  ['SC-7', 'PRE without DTE', b([[B_AT.context, 0x103050419n]])],
  [
    'SC-8',
    'RID_PASID beyond the directory',
    b([[B_AT.context + 8, 0x8000n]], { ecap: ecapWith(MACHINE_B, 49) }),
  ],
  ['SC-9', 'EPTR without PASIDE', b([[B_AT.context, 0x103050441n]], { ecap: ecapWith(MACHINE_B, 56) })],
  ['SC-10', 'directory not in the dump', b([[B_AT.context, 0x103028409n]]), 'note'],
  ['SC-11', 'RID_PASID 0x41', b([[B_AT.context + 8, 0x41n]], { ecap: ecapWith(MACHINE_B, 49) }), 'note'],
  [
    'SC-12',
    'PASID 0 absent',
    b([
      [SECOND, 0n],
      [SECOND + 8, 0n],
    ]),
    'note',
  ],
  ['2.6 FPD of scalable contexts', 'FPD', b([[B_AT.context, 0x10305040bn]]), 'warning'],
  ['1.5 PASIDDIRPTR 0', 'pointer 0', b([[B_AT.context, 0x409n]])],
];
