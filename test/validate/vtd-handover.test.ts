/** VT-d tables against what is handed over: mapped pages, the tables themselves, and domains of the 2024 series. */
import { describe, expect, it } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { parseIomem } from '../../src/memory/iomem.js';
import {
  A_AT,
  changed,
  MACHINE_A as LEGACY,
  MACHINE_B,
  type Machine,
  rowOf,
  validateMachine,
} from './vtd-machines.js';

/** Its devices continue DMA across the kexec. */
const MACHINE_A: Machine = { ...LEGACY, dmaContinues: true };

/** All pages of machine A, and what its leaves map. */
const TABLES = { start: 0x103027000n, end: 0x103043000n };
const DATA = [
  { start: 0x234567000n, end: 0x234568000n },
  { start: 0x240000000n, end: 0x240200000n },
  { start: 0x280000000n, end: 0x2c0000000n },
];

function handover(ranges: readonly { start: bigint; end: bigint }[], more: Partial<Handover> = {}) {
  return { kind: 'handover', generation: 'kho-v4', preserved: { ranges }, ...more } as const;
}

describe('mapped pages and tables', () => {
  it('are healthy when all of them are preserved', () => {
    const { findings, skipped } = validateMachine(MACHINE_A, handover([TABLES, ...DATA]));
    expect(findings).toEqual([]);
    expect(skipped.map(({ rule }) => rule)).not.toContain('VTD-138');
  });

  it('are named as IOVA ranges with where they land when they are not', () => {
    const [page, , large] = DATA;
    const hole = { start: 0x280000000n, end: 0x280005000n };
    const rest = { start: hole.end, end: large?.end ?? 0n };
    const { findings } = validateMachine(MACHINE_A, handover([TABLES, page ?? hole, rest]));
    const places = findings.map(({ severity, location }) => [
      severity,
      location.iova,
      location.iovaEnd,
      location.address,
    ]);
    expect(places).toEqual([
      ['error', 0x123456a00000n, 0x123456c00000n, 0x240000000n],
      ['error', 0x123480000000n, 0x123480005000n, hole.start],
      ['note', undefined, undefined, undefined],
    ]);
    expect(findings.at(-1)?.message).toContain(
      'of 262657 pages of 4 KiB that 3b:00.0 maps, 517 are not preserved',
    );
  });

  it('are a note where IOVA and address are the same, as of a region that the platform asks for', () => {
    // IOVA 0x7b800000 of 3b:00.0: two pages.
    const machine = changed(MACHINE_A, [
      [0x10303f000, 0x103043003n],
      [0x103043008, 0x103044003n],
      [0x103044ee0, 0x103045003n],
      [0x103045000, 0x7b800003n],
      [0x103045008, 0x7b801003n],
    ]);
    const kept = [{ start: TABLES.start, end: 0x103046000n }, ...DATA];
    const said = validateMachine(machine, handover(kept)).findings;
    expect(said.map(({ severity }) => severity)).toEqual(['note', 'note']);
    expect(said[0]?.message).toContain('maps IOVA 0x7b800000-0x7b802000 (8 KiB) to the same addresses');
    const beside = changed(machine, [[0x103045008, 0x7b802003n]]);
    const [first] = validateMachine(beside, handover(kept)).findings;
    expect([first?.severity, first?.location.iova]).toEqual(['error', 0x7b801000n]);
    // Memory that the dump holds is not what firmware reserves.
    const held = changed(machine, [[0x7b800000, 1n]]);
    expect(validateMachine(held, handover(kept)).findings[0]?.severity).toBe('error');
  });

  it('page tables are an error, what leads to them a warning', () => {
    const { findings } = validateMachine(MACHINE_A, handover(DATA));
    expect(findings.map((finding) => [rowOf(finding), finding.severity])).toEqual([
      ['XR-4', 'error'],
      ['XR-4', 'warning'],
    ]);
    expect(findings[0]?.message).toContain('of 4 pages with page tables of 3b:00.0, 4 are not preserved');
    expect(findings[1]?.message).toContain('0x103027000 (root table), 0x10303e000 (context table)');
  });

  it('are not judged where nothing says what is preserved', () => {
    for (const more of [{}, { kind: 'handover', generation: 'kho-v4' } as const]) {
      const { findings, skipped } = validateMachine(MACHINE_A, more);
      expect(findings).toEqual([]);
      expect(skipped.filter(({ rule }) => rule === 'VTD-136' || rule === 'VTD-138').length).toBe(2);
    }
  });

  it('are one note a unit where devices are stopped before the kexec', () => {
    const [page, , large] = DATA;
    const kept = [page, large].flatMap((range) => range ?? []);
    const { findings } = validateMachine(LEGACY, handover(kept));
    expect(findings.map((finding) => [rowOf(finding), finding.severity])).toEqual([
      ['XR-4', 'note'],
      ['mapped pages', 'note'],
    ]);
    expect(findings[0]?.message).toContain('of 6 pages of tables of dmar0, 6 are not preserved');
    expect(findings[1]?.message).toContain('that devices of dmar0 can reach, 512 are not preserved');
    expect(findings[1]?.message).toContain('--dma-continues');
  });

  it('are judged where IOMMU state is handed over: by the 2024 series, or by an FLB', () => {
    const name = new TextEncoder().encode('iommu-liveupdate\0');
    const flb = { name, data: 0x1000n, count: 1n, origin: { address: 0x1000n } };
    const luo = { flbs: [flb] } as unknown as NonNullable<Handover['luo']>;
    for (const more of [{ luo }, { generation: 'rfc-2024' } as const]) {
      const { findings } = validateMachine(LEGACY, handover([TABLES, ...DATA.slice(1)], more));
      const errors = findings.filter(({ severity }) => severity === 'error');
      expect(new Set(errors.map(rowOf))).toEqual(new Set(['mapped pages']));
    }
  });

  it('are passed over where they are no RAM', () => {
    // A BAR above all that the dump has, as vfio maps one for peers.
    const bar = changed(MACHINE_A, [[A_AT.pte, 0x382000000003n]]);
    const said = validateMachine(bar, handover([TABLES, ...DATA])).findings;
    expect(said.map(({ severity }) => severity)).toEqual(['note']);
    expect(said[0]?.message).toContain('a BAR, unless the dump was cut (check with --iomem)');
    expect(validateMachine({ ...bar, dmaContinues: false }, handover([TABLES, ...DATA])).findings).toEqual(
      [],
    );
    // One below: only /proc/iomem tells.
    const low = changed(MACHINE_A, [[A_AT.pte, 0xe0000003n]]);
    const held = changed(low, [[0x100000, 1n]]);
    const severities = (machine: Machine) =>
      validateMachine(machine, handover([TABLES, ...DATA]))
        .findings.filter((finding) => finding.location.iova !== undefined)
        .map(({ severity }) => severity);
    expect(severities(low)).toEqual(['error']);
    expect(severities(held)).toEqual(['note']);
    const iomem = parseIomem('00100000-bfffffff : System RAM\n100000000-3ffffffff : System RAM\n');
    expect(severities({ ...low, iomem })).toEqual([]);
    expect(severities({ ...changed(low, [[A_AT.pte, 0xb0000003n]]), iomem })).toEqual(['error']);
  });

  it('a first stage that a CPU shares is not judged', () => {
    const shared = changed(MACHINE_B, [
      [0x103052048, 0x1800001n],
      [0x103051000, 0n],
      [0x103051008, 0n],
    ]);
    const { findings } = validateMachine(shared, handover([]));
    expect(findings.map(rowOf)).not.toContain('mapped pages');
  });
});

describe('domains of the 2024 series', () => {
  const domain = { persistentId: 1n, pgd: 0x10303f000n, agaw: 2, devices: [{ bus: 0x3b, devfn: 0 }] };
  const rfc = (changes: Partial<typeof domain>) =>
    handover([TABLES, ...DATA], { generation: 'rfc-2024', domains: [{ ...domain, ...changes }] });

  it('are reached from the context entries of their devices', () => {
    expect(validateMachine(MACHINE_A, rfc({})).findings).toEqual([]);
  });

  it.each([
    ['another table', { pgd: 0x103040000n }],
    ['another depth', { agaw: 1 }],
    ['a device without context', { devices: [{ bus: 0x3b, devfn: 8 }] }],
  ])('%s', (_what, changes) => {
    const found = validateMachine(MACHINE_A, rfc(changes)).findings.filter(
      (finding) => rowOf(finding) === 'XR-2',
    );
    expect(found.map(({ severity }) => severity)).toEqual(['warning']);
    expect(found[0]?.expected).toContain('levels');
  });

  it('a table that a domain and a device share is walked once', () => {
    const machine = changed(MACHINE_A, [[A_AT.pte, 0x4000000234567003n]]);
    const { findings } = validateMachine(machine, rfc({}));
    expect(findings.map((finding) => [rowOf(finding), finding.message.includes('domain 1')])).toEqual([
      ['SS-4', true],
    ]);
  });
});
