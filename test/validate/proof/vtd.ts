/** The rows of vtd.md, each broken on one machine; VT-d tables look the same whatever is handed over beside them. */
import type { AddressRange, Generation, Handover } from '../../../src/abi/model.js';
import { vtdRules } from '../../../src/vtd/rules/index.js';
import { VTD_CASES } from '../vtd-cases.js';
import { MACHINE_A, machineInput } from '../vtd-machines.js';
import { type Fault, GENERATIONS } from './fault.js';

const IDS = new Map(vtdRules.map(({ id, source }) => [source.replace(/^vtd /, ''), id]));

/** Machine A with all that it maps and is made of kept but one page, and a domain of the 2024 series with another table. */
const KEPT = [
  { start: 0x103027000n, end: 0x103043000n },
  { start: 0x234567000n, end: 0x234568000n },
  { start: 0x240000000n, end: 0x240200000n },
  { start: 0x280000000n, end: 0x2c0000000n },
] as const;
/** Its devices continue DMA across the kexec. */
const CONTINUES = { ...MACHINE_A, dmaContinues: true };
const [TABLES, PAGE, ...REST] = KEPT;
const OTHER_TABLE = { persistentId: 1n, pgd: 0x103040000n, agaw: 2, devices: [{ bus: 0x3b, devfn: 0 }] };

function kept(generation: Generation, ranges: readonly AddressRange[]): Partial<Handover> {
  return { kind: 'handover', generation, preserved: { ranges } };
}

const handedOver = (generation: Generation): Fault[] => [
  {
    rule: 'VTD-138',
    what: 'a mapped page that is not preserved',
    base: 'a machine of vtd.md 5',
    generation,
    broken: () => machineInput(CONTINUES, kept(generation, [TABLES, ...REST])),
  },
  {
    rule: 'VTD-136',
    what: 'page tables that are not preserved',
    base: 'a machine of vtd.md 5',
    generation,
    broken: () => machineInput(CONTINUES, kept(generation, [PAGE, ...REST])),
  },
];

const otherTable: Fault = {
  rule: 'VTD-134',
  what: 'a domain with another table than its device',
  base: 'a machine of vtd.md 5',
  generation: 'rfc-2024',
  broken: () => machineInput(MACHINE_A, { ...kept('rfc-2024', KEPT), domains: [OTHER_TABLE] }),
};

export const vtdFaults: readonly Fault[] = [
  ...GENERATIONS.flatMap(handedOver),
  otherTable,
  ...VTD_CASES.flatMap(([row, what, machine, severity = 'error']) =>
    GENERATIONS.map((generation, index) => ({
      rule: IDS.get(row) ?? row,
      severity,
      what,
      base: 'a machine of vtd.md 5',
      ...(index === 0 ? {} : { repeated: true as const }),
      generation,
      broken: () => machineInput(machine, { generation }),
    })),
  ),
];
