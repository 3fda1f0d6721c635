/** Tables that others than the kernel's IOMMU code shape: a process' with the kernel's half in it, and a guest's. */
import { describe, expect, it } from 'vitest';
import { a, b, ecapWith, FIRST, NESTED, otherFirstStage, SECOND } from './vtd-changes.js';
import { A_AT, B_AT, findingsOf, MACHINE_B, type Machine, type Words } from './vtd-machines.js';

/**
 * PASID 0x41 of machine B as Linux sets it up for a process: domain id 1, and the kernel's half in the table. That
 * has the APIC page in the fixmap, all memory in the direct map, and one table many times below the espfix entry.
 */
const PROCESS: Words = [
  [FIRST + 8, 0x800001n],
  // PML4E 0x1ff; the first entries of the next two tables repeat, as those of espfix do.
  [0x103070ff8, 0x103075027n],
  [0x103075000, 0x103076063n],
  [0x103075008, 0x103076063n],
  [0x103076000, 0x103077063n],
  [0x103076008, 0x103077063n],
  // APIC page, and the root table in the direct map: no U/S.
  [0x103077000, 0xfee00163n],
  [0x103077008, 0x103027163n],
];

/** The rows that say more than a note. */
function loud(machine: Machine): string[] {
  return [...findingsOf(machine)]
    .filter(([, findings]) => findings.some(({ severity }) => severity !== 'note'))
    .map(([row]) => row);
}

describe('tables shared with a CPU', () => {
  it('the half of the kernel is nothing to object to', () => {
    expect(loud(b(PROCESS))).toEqual([]);
    // What is shared within the table is told all the same.
    expect(
      findingsOf(b(PROCESS))
        .get('SS-22')
        ?.map(({ severity }) => severity),
    ).toEqual(['note', 'note']);
  });

  it('two processes share that half', () => {
    const machine = b([
      ...PROCESS,
      ...otherFirstStage(1n),
      // Another process has another PASID.
      [0x103055040, 0n],
      [0x103055048, 0n],
      [0x103055050, 0n],
      [0x103055080, 0x49n],
      [0x103055088, 0x800001n],
      [0x103055090, 0x103074000n],
      [0x103074ff8, 0x103075027n],
    ]);
    expect(loud(machine)).toEqual([]);
  });

  it.each<[what: string, words: Words, rows: readonly string[]]>([
    ['the APIC page', [[0x103077000, 0xfee00167n]], ['FS-13']],
    ['a VT-d structure', [[0x103077008, 0x103027167n]], ['SS-23']],
  ])('a user leaf to %s is reported', (_what, words, rows) => {
    expect(loud(b([...PROCESS, ...words]))).toEqual(rows);
  });

  it('where supervisor requests are let in, so are leaves without U/S', () => {
    const machine = b([...PROCESS, [FIRST + 16, 0x103070001n]], { ecap: ecapWith(MACHINE_B, 31) });
    expect(loud(machine).sort()).toEqual(['FS-13', 'SS-23']);
  });

  it('a table that a process and a domain of the kernel share is reported', () => {
    const words: Words = [...PROCESS, ...otherFirstStage(7n), [0x103074ff8, 0x103075027n]];
    expect(loud(b(words))).toContain('SS-22');
  });
});

describe('tables of a guest', () => {
  it('a recursive entry is a note', () => {
    const machine = b([...NESTED, [0x234567008, 0x1027n]]);
    expect(
      findingsOf(machine)
        .get('SS-21')
        ?.map(({ severity }) => severity),
    ).toEqual(['note']);
    expect(loud(machine)).toEqual([]);
  });

  it.each<[what: string, words: Words, rows: readonly string[]]>([
    ['mapped but not in the dump', [[B_AT.ssPte + 8, 0x555003n]], []],
    ['mapped for writing only', [[B_AT.ssPte + 8, 0x234568002n]], ['2.6 SFS.7']],
  ])('a table that is %s', (_what, words, rows) => {
    const machine = b([...NESTED, [0x234567000, 0x2027n], ...words]);
    expect(loud(machine)).toEqual(rows);
    expect(findingsOf(machine).has('FS-10')).toBe(rows.length === 0);
  });

  it('the second stage is a nesting parent whichever entry comes first', () => {
    const readOnly: Words = [[B_AT.ssPte + 8, 0x234568001n]];
    const plain: Words = [
      [SECOND, 0x103060289n],
      [SECOND + 16, 0n],
      [SECOND + 64, 0x1030602c9n],
      [SECOND + 72, 0x800005n],
      [SECOND + 80, 0x1000n],
    ];
    expect(loud(b([...NESTED, ...readOnly, ...plain]))).toEqual(['SS-29']);
  });
});

describe('a region that the platform asks for, mapped to the same addresses', () => {
  // IOVA 0x845000, below 16 MiB, leads to the page table that maps it.
  const direct: Words = [
    [A_AT.pml4e - 0x120, 0x103043003n],
    [0x103043000, 0x103044003n],
    [0x103044020, 0x845003n],
    [0x845228, 0x845003n],
  ];
  // IOVA 0x103027000 to the root table.
  const identity: Words = [
    [A_AT.pml4e - 0x120, 0x103043003n],
    [0x103043020, 0x103044003n],
    [0x1030440c0, 0x103045003n],
    [0x103045138, 0x103027003n],
  ];
  const severities = (machine: Machine) =>
    (findingsOf(machine).get('SS-23') ?? []).map(({ severity }) => severity).sort();

  it('may have the VT-d structures in it: a note', () => {
    expect(severities(a(direct))).toEqual(['note']);
    expect(loud(a(direct))).toEqual([]);
  });

  it('does not hide another way to them', () => {
    expect(severities(a([...direct, [A_AT.pte, 0x103027003n]]))).toEqual(['error', 'note']);
  });

  it('is below 16 MiB or is not memory of the kernel', () => {
    expect(severities(a(identity))).toEqual(['error']);
  });
});
