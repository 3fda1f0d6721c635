/** Every row of section 3 of vtd.md: broken on one machine, and not on a healthy one. */
import { describe, expect, it } from 'vitest';
import { vtdRows, vtdRules } from '../../src/vtd/rules/index.js';
import { notBuilt } from '../../src/vtd/rules/not-built.js';
import { VTD_CASES } from './vtd-cases.js';
import { a, b, bit, capWithout, ecapWith, FIRST, NESTED, passThrough, SECOND } from './vtd-changes.js';
import { A_AT, B_AT, findingsOf, MACHINE_A, MACHINE_B, type Machine, type Words } from './vtd-machines.js';

describe('rows of section 3', () => {
  it.each(VTD_CASES.map(([row, what, machine, severity = 'error']) => ({ row, what, machine, severity })))(
    '$row: $what',
    ({ row, machine, severity }) => {
      const findings = findingsOf(machine).get(row) ?? [];
      expect(findings.map((finding) => finding.severity)).toEqual([severity]);
      const { legacy, scalable } = vtdRows.find((known) => known.row === row) ?? {};
      const [reason] = (machine.rtaddr & 0xc00n) === 0x400n ? (scalable ?? []) : (legacy ?? []);
      if (reason !== undefined)
        expect(findings[0]?.message).toContain(`fault reason 0x${reason.toString(16)} (`);
    },
  );

  it.each([
    ['A', MACHINE_A],
    ['B', MACHINE_B],
  ])('no row objects to machine %s', (_name, machine) => {
    expect([...findingsOf(machine).keys()]).toEqual([]);
  });

  it('pass-through as Linux writes it is healthy', () => {
    expect([...findingsOf(a(passThrough(2n))).keys()]).toEqual([]);
  });

  it('each row is a rule with a case, or is listed with its reason among those not built', () => {
    const rows = [
      ...Array.from({ length: 8 }, (_, i) => `RA-${i + 1}`),
      ...Array.from({ length: 9 }, (_, i) => `RT-${i + 1}`),
      ...Array.from({ length: 22 }, (_, i) => `CT-${i + 1}`),
      ...Array.from({ length: 12 }, (_, i) => `SC-${i + 1}`),
      ...Array.from({ length: 6 }, (_, i) => `PD-${i + 1}`),
      ...Array.from({ length: 24 }, (_, i) => `PE-${i + 1}`),
      ...Array.from({ length: 32 }, (_, i) => `SS-${i + 1}`),
      ...Array.from({ length: 19 }, (_, i) => `FS-${i + 1}`),
      ...Array.from({ length: 5 }, (_, i) => `XR-${i + 1}`),
    ];
    expect(rows.length).toBe(137);
    const ids = new Map([...vtdRows, ...notBuilt].map(({ id, row }) => [row, id]));
    // Rules are numbered as the rows are.
    expect(rows.map((row) => ids.get(row))).toEqual(
      rows.map((_, i) => `VTD-${String(i + 1).padStart(3, '0')}`),
    );
    // What the table lacks, from its prose.
    const more = vtdRows.filter(({ row }) => !rows.includes(row)).map(({ id, row }) => `${id} ${row}`);
    expect(more).toEqual([
      'VTD-138 mapped pages',
      'VTD-139 2.6 LRT.1, SRT.1',
      'VTD-140 2.3 first stages',
      'VTD-141 2.6 FPD of scalable contexts',
      'VTD-142 2.6 FPD of PASID entries',
      'VTD-143 2.6 SFS.6',
      'VTD-144 2.6 SFS.7',
      'VTD-145 1.1 CTP 0',
      'VTD-146 1.2 LCTP, UCTP 0',
      'VTD-147 1.5 PASIDDIRPTR 0',
      'VTD-148 1.6 SMPTBLPTR 0',
      'VTD-149 1.7 SSPTPTR 0',
      'VTD-150 1.7 FSPTPTR 0',
      'VTD-151 1.9 table at 0',
      'VTD-152 tables in RAM',
      'VTD-153 tables are tables',
      'VTD-154 tables in use',
      'VTD-155 1.5 P clear',
      'VTD-156 1.6 P clear',
      'VTD-157 1.9 P clear',
      'VTD-158 depth',
      'VTD-159 3.14 first stage',
    ]);
    const tested = new Set(VTD_CASES.map(([row]) => row));
    // Those on what is handed over have tests of their own.
    const untested = vtdRows.map(({ row }) => row).filter((row) => !tested.has(row));
    expect(untested).toEqual(['XR-2', 'XR-4', 'mapped pages']);
    expect(new Set(vtdRules.map(({ id }) => id)).size).toBe(vtdRows.length);
  });

  const GUEST_1GIB: Words = [
    ...NESTED,
    [B_AT.ssPte + 8, 0x234568003n],
    [0x234567000, 0x2027n],
    [0x234568000, 0x400000e7n],
  ];
  it.each<[row: string, what: string, words: Words, register: 'cap' | 'ecap', without: readonly number[]]>([
    ['PE-7', 'EAFE without EAFS', [...GUEST_1GIB, [SECOND + 16, 0x1080n]], 'ecap', [34]],
    ['PE-9', 'PGTT 3 without NEST', GUEST_1GIB, 'ecap', [26]],
    ['PE-10', 'AW 2 without bit 2 of SAGAW', GUEST_1GIB, 'cap', [10]],
    ['PE-15', 'SSADE without SSADS', GUEST_1GIB, 'ecap', [45]],
    [
      'SS-6',
      'SNP in the second stage without SC',
      [...GUEST_1GIB, [B_AT.ssPte + 16, 0x234569803n]],
      'ecap',
      [7],
    ],
    ['SS-8', '2 MiB in the second stage', [...GUEST_1GIB, [B_AT.ssPde + 8, 0x240000083n]], 'cap', [34]],
    ['SS-9', '1 GiB in the second stage', [...GUEST_1GIB, [B_AT.ssPdpe + 8, 0x240000083n]], 'cap', [35]],
    ['FS-4', '1 GiB in the first stage without FS1GP', GUEST_1GIB, 'cap', [56]],
  ])(
    '%s of a nested translation: %s; a note where the register is not given',
    (row, _what, words, register, bits) => {
      const full = { cap: MACHINE_B.cap ?? 0n, ecap: MACHINE_B.ecap ?? 0n };
      const has = bits.reduce((value, n) => value | bit(n), full[register]);
      const lacks = bits.reduce((value, n) => value & ~bit(n), full[register]);
      const severities = (more: Partial<Machine>) =>
        (findingsOf(b(words, more)).get(row) ?? []).map(({ severity }) => severity);
      expect(severities({ [register]: has })).toEqual([]);
      expect(severities({ [register]: lacks })).toEqual(['error']);
      const unknown = severities({ [register]: undefined });
      expect(unknown.length).toBeGreaterThan(0);
      expect(new Set(unknown)).toEqual(new Set(['note']));
    },
  );

  it('what depends on a register that was not given is a note', () => {
    const unknown = { cap: undefined, ecap: undefined };
    for (const machine of [a([], unknown), b([], unknown)]) {
      const findings = [...findingsOf(machine).values()].flat();
      expect(findings.length).toBeGreaterThan(0);
      for (const { severity, message } of findings) {
        expect(severity).toBe('note');
        expect(message).toMatch(/E?CAP_REG is not given/);
      }
    }
  });
});

describe('malformed examples of 5.5', () => {
  it.each([
    [1, 'RT-2', '0xa', '1', a([[A_AT.root, 0x10303e003n]])],
    [2, 'RT-4', '0xa', undefined, a([[A_AT.root + 8, 1n]])],
    [3, 'CT-7', '0x3', undefined, a([[A_AT.context, 0x10303f00dn]])],
    [4, 'CT-11', '0x3', undefined, a([[A_AT.context + 8, 0x2303n]])],
    [5, 'CT-4', '0xb', '71', a([[A_AT.context + 8, 0x2382n]])],
    [6, 'SS-7', '0xc', '7', a([[A_AT.pml4e, 0x103040083n]])],
    [7, 'SS-10', '0xc', '12', a([[A_AT.pdeLeaf, 0x240001083n]])],
    [8, 'SS-3', '0xc', '46', a([[A_AT.pte, 0x400234567003n]])],
    [9, 'SS-4', '0xc', '62', a([[A_AT.pte, 0x4000000234567003n]])],
    [10, 'SS-9', '0xc', '7', a([[A_AT.pdpeLeaf, 0x280000083n]], { cap: capWithout(MACHINE_A, 35) })],
    [11, 'SS-5', '0xc', '11', a([[A_AT.pdpe, 0x103041803n]])],
    [12, 'SS-14', '0xe', undefined, a([[A_AT.pte, 0xfee00003n]])],
    [13, 'SS-2', undefined, undefined, a([[A_AT.pte, 0x234567800n]])],
    [14, 'SC-7', '0x43', '4', b([[B_AT.context, 0x103050419n]], { ecap: ecapWith(MACHINE_B, 29) })],
    [15, 'PE-9', '0x5b', '8:6', b([[SECOND, 0x103060149n]])],
    [16, 'PE-2', '0x5a', undefined, b([[SECOND, 0x103060689n]])],
    [17, 'PE-11', '0x5b', undefined, b([[FIRST + 16, 0x103070004n]])],
    [18, 'FS-5', '0x72', '13', b([[B_AT.fsPdpe, 0x2800020e7n]])],
  ] as const)('row %i breaks %s', (_number, row, reason, bits, machine) => {
    const [finding, ...more] = findingsOf(machine).get(row) ?? [];
    expect(more).toEqual([]);
    if (reason !== undefined) expect(finding?.message).toContain(`fault reason ${reason} (`);
    else expect(finding?.message).not.toContain('fault reason');
    if (bits !== undefined && row !== 'RT-2') expect(finding?.location.bits).toBe(bits);
  });

  it('example 2 has no reserved bits in machine B, where the word is the upper half, at address 0', () => {
    const rows = [
      ...findingsOf(
        b([
          [B_AT.root + 8, 1n],
          [0, 0n],
        ]),
      ).keys(),
    ];
    expect(rows).toEqual(['1.2 LCTP, UCTP 0']);
  });
});
