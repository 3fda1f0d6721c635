/**
 * What no kernel leaves in its tables is an error, and what healthy ones may leave is at most a note: entries that lost
 * P, translation types that were changed, tables that devices reach, and cores that lack a page.
 */
import { describe, expect, it } from 'vitest';
import { a, b, bit, FIRST, SECOND } from './vtd-changes.js';
import { A_AT, B_AT, findingsOf, MACHINE_A, MACHINE_B, type Machine, type Words } from './vtd-machines.js';

/** The worst severity by row. */
function severitiesOf(machine: Machine): Record<string, string> {
  return Object.fromEntries(
    [...findingsOf(machine)].map(([row, findings]) => [row, findings[0]?.severity ?? 'none']),
  );
}

describe('entries without P', () => {
  it.each<[what: string, machine: Machine, row: string, severity: string]>([
    ['root entry', a([[A_AT.root, 0x10303e000n]]), 'RT-7', 'error'],
    ['half of a scalable root entry', b([[B_AT.root + 8, 0x10303e000n]]), 'RT-7', 'error'],
    ['context entry', a([[A_AT.context, 0x10303f004n]]), 'CT-19', 'error'],
    ['context entry, first word 0', a([[A_AT.context, 0n]]), 'CT-19', 'warning'],
    ['context entry, FPD alone', a([[A_AT.context + 16, 2n]]), 'CT-19', 'note'],
    ['scalable context entry', b([[B_AT.context, 0x103050408n]]), '1.5 P clear', 'error'],
    ['PASID directory entry', b([[B_AT.directory, 0x103051000n]]), '1.6 P clear', 'error'],
    ['PASID entry of a second stage', b([[SECOND, 0x103060288n]]), 'PE-22', 'error'],
    ['PASID entry of a first stage', b([[FIRST, 0x48n]]), 'PE-22', 'error'],
    ['PASID entry, first word 0', b([[SECOND, 0n]]), 'PE-22', 'warning'],
    ['second-stage leaf', a([[A_AT.pte, 0x234567800n]]), 'SS-2', 'error'],
    ['first-stage leaf', b([[B_AT.fsPte, 0x256789066n]]), 'FS-15', 'error'],
    ['read-only first-stage leaf', b([[B_AT.fsPte, 0x256789024n]]), '1.9 P clear', 'error'],
  ])('%s', (_what, machine, row, severity) => {
    expect(severitiesOf(machine)).toMatchObject({ [row]: severity });
  });

  it('of a process are swapped pages', () => {
    const process: Words = [
      [FIRST + 8, 0x1800001n],
      [B_AT.fsPte, 0x256789066n],
    ];
    expect(severitiesOf(b(process))).toMatchObject({ 'FS-15': 'note' });
  });
});

describe('pass-through', () => {
  it.each<[what: string, machine: Machine, severities: Record<string, string>]>([
    [
      'legacy, as Linux writes it',
      a([
        [A_AT.context, 9n],
        [A_AT.context + 8, 0x102n],
      ]),
      {},
    ],
    [
      'legacy, another id',
      a([
        [A_AT.context, 9n],
        [A_AT.context + 8, 0x202n],
      ]),
      { 'CT-16': 'note' },
    ],
    ['legacy, with a table', a([[A_AT.context, 0x10303f009n]]), { 'CT-16': 'error' }],
    [
      'PASID, as Linux writes it',
      b([
        [SECOND, 0x109n],
        [SECOND + 8, 0x800001n],
      ]),
      {},
    ],
    ['PASID, with a table', b([[SECOND, 0x103060309n]]), { 'PE-21': 'error' }],
    ['PASID, with a first stage', b([[FIRST, 0x109n]]), { 'PE-21': 'error' }],
  ])('%s', (_what, machine, severities) => {
    expect(severitiesOf(machine)).toEqual(severities);
  });
});

describe('a domain that maps all memory at its own address', () => {
  it('reaches the tables: a note', () => {
    const identity: Words = [
      [A_AT.pml4e - 0x120, 0x103043003n],
      [0x103043020, 0x103044003n],
      [0x1030440c0, 0x103000083n],
    ];
    expect(severitiesOf(a(identity))).toEqual({ 'SS-23': 'note' });
  });
});

describe('a table that takes write permission away', () => {
  const readOnly: Words = [[B_AT.fsPde, 0x103073025n]];

  it("is an error of the kernel's tables, a note in those of a process", () => {
    expect(severitiesOf(b(readOnly))).toMatchObject({ 'FS-8': 'error' });
    expect(severitiesOf(b([...readOnly, [FIRST + 8, 0x1800001n]]))).toMatchObject({ 'FS-8': 'note' });
  });
});

describe('input addresses in the interrupt range', () => {
  it('with a PASID are addresses like any other', () => {
    const words: Words = [
      [0x103070000, 0x103075027n],
      [0x103075018, 0x103076027n],
      [0x103076fb8, 0x2500000e7n],
    ];
    expect(severitiesOf(b(words))).toEqual({});
  });
});

describe('a core that lacks a page', () => {
  const pageOf = (address: number) => address - (address % 4096);
  const pagesOf = ({ words, rtaddr }: Machine) =>
    [...new Set(words.map(([address]) => pageOf(address)))].filter((page) => page !== pageOf(Number(rtaddr)));
  const without = (machine: Machine, page: number): Machine => ({
    ...machine,
    words: machine.words.filter(([address]) => pageOf(address) !== page),
  });
  const loud = (machine: Machine) =>
    Object.entries(severitiesOf(machine)).filter(([, severity]) => severity !== 'note');

  it.each([
    ['in legacy mode', MACHINE_A],
    ['in scalable mode', MACHINE_B],
  ])('has no error by that, %s', (_what, machine) => {
    for (const page of pagesOf(machine)) expect([page, loud(without(machine, page))]).toEqual([page, []]);
  });

  it('below 4 GiB, which entries above lead to, has none either', () => {
    expect(loud(a([[A_AT.pml4e, 0x7f040003n]]))).toEqual([]);
    // With the high half of its entry it is a page that the dump has.
    expect(loud(a([[A_AT.pml4e, 0x3040003n]]))).toEqual([['tables in RAM', 'error']]);
    // Unless the dump has others near it: then it lacks one.
    expect(
      loud(
        a([
          [A_AT.pml4e, 0x3040003n],
          [0x3041000, 1n],
        ]),
      ),
    ).toEqual([]);
  });
});

describe('a domain id of two tables', () => {
  it('is an error: cached translations of one are used for the other', () => {
    const second: Words = [
      [SECOND + 64, 0x103064289n],
      [SECOND + 72, 0x800005n],
      [0x103064000, 0n],
    ];
    expect(severitiesOf(b(second))).toMatchObject({ 'PE-18': 'error' });
  });

  it('0 is an error where it tags cached faults', () => {
    const cm = (MACHINE_A.cap ?? 0n) | bit(7);
    expect(severitiesOf(a([[A_AT.context + 8, 2n]], { cap: cm }))).toMatchObject({ 'CT-15': 'error' });
  });
});
