/** Every row of section 3 of vtd.md, broken on one machine. */
import { A_AT, B_AT, changed, MACHINE_A, MACHINE_B, type Machine, type Words } from './vtd-machines.js';

type Case = readonly [row: string, what: string, machine: Machine, severity?: 'error' | 'warning' | 'note'];

export const a = (words: Words, more: Partial<Machine> = {}) => changed(MACHINE_A, words, more);
export const b = (words: Words, more: Partial<Machine> = {}) => changed(MACHINE_B, words, more);
export const bit = (n: number) => 1n << BigInt(n);
export const capWithout = (machine: Machine, ...bits: number[]) =>
  bits.reduce((cap, n) => cap & ~bit(n), machine.cap ?? 0n);
export const ecapWithout = (machine: Machine, ...bits: number[]) =>
  bits.reduce((ecap, n) => ecap & ~bit(n), machine.ecap ?? 0n);
export const ecapWith = (machine: Machine, ...bits: number[]) =>
  bits.reduce((ecap, n) => ecap | bit(n), machine.ecap ?? 0n);
export const FIRST = B_AT.first;
export const SECOND = B_AT.second;

/** A second context for 3b:00.1 of machine A. */
const secondContext = (low: bigint, high: bigint): Words => [
  [A_AT.context + 16, low],
  [A_AT.context + 24, high],
];
/** Another PASID entry (PASID 1) of machine B. */
const otherPasid = (...words: bigint[]): Words =>
  words.map((word, i) => [SECOND + 64 + i * 8, word] as const);

/** The nested variant of PASID 0: guest tables are in the guest page that IOVA 0x1000 maps. */
export const NESTED: Words = [
  [SECOND, 0x1030602c9n],
  [SECOND + 16, 0x1000n],
  [B_AT.ssPte, 0x234567003n],
  [0x234567000, 0x1027n],
];

export const VTD_CASES: readonly Case[] = [
  ['RA-1', 'TTM 2', a([], { rtaddr: 0x103027800n })],
  ['RA-2', 'scalable without SMTS', b([], { ecap: ecapWithout(MACHINE_B, 43) })],
  ['RA-3', 'abort-DMA without ADMS', a([], { rtaddr: 0x103027c00n })],
  ['RA-4', 'SSIRWE in legacy mode', a([], { rtaddr: 0x103027080n })],
  ['RA-5', 'bit 0', a([], { rtaddr: 0x103027001n }), 'warning'],
  ['RA-6', 'root table 0 while TES is set', a([], { rtaddr: 0n, gsts: bit(31) })],
  ['RA-8', 'abort-DMA', a([], { rtaddr: 0x103027c00n, ecap: bit(52) }), 'warning'],
  ['RT-1', 'bus without root entry', a([], { device: { bus: 1, devfn: 0 } }), 'warning'],
  ['RT-2', 'bit 1', a([[A_AT.root, 0x10303e003n]])],
  ['RT-3', 'bit 46', a([[A_AT.root, 0x40010303e001n]])],
  ['RT-4', 'second word', a([[A_AT.root + 8, 1n]])],
  ['RT-5', 'bit 1 of the lower half', b([[B_AT.root, 0x10303e003n]])],
  ['RT-6', 'bit 46 of the upper half', b([[B_AT.root + 8, 0x400000000001n]])],
  ['RT-7', 'pointer without P', a([[A_AT.root + 16, 0x10303e000n]])],
  ['RT-8', 'context table not in the dump', a([[A_AT.root + 16, 0x103028001n]]), 'note'],
  ['RT-9', 'two buses, one context table', a([[A_AT.root + 16, 0x10303e001n]])],
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
  [
    'PD-1',
    'directory entry absent',
    b([[B_AT.directory, 0n]], { device: { bus: 0x3b, devfn: 0 } }),
    'warning',
  ],
  ['PD-2', 'bit 2', b([[B_AT.directory, 0x103051005n]])],
  ['PD-3', 'bit 46', b([[B_AT.directory, 0x400103051001n]])],
  ['PD-4', 'table not in the dump', b([[B_AT.directory + 16, 0x103028001n]]), 'note'],
  ['PD-5', 'FPD', b([[B_AT.directory, 0x103051003n]]), 'warning'],
  ['PD-6', 'one table twice', b([[B_AT.directory + 16, 0x103051001n]])],
  ['PE-1', 'PASID entry absent', b([[SECOND, 0n]], { device: { bus: 0x3b, devfn: 0 } }), 'warning'],
  ['PE-2', 'bit 10', b([[SECOND, 0x103060689n]])],
  ['PE-3', 'bit 46', b([[SECOND, 0x400103060289n]])],
  ['PE-4', 'bit 80', b([[SECOND + 8, 0x810005n]])],
  ['PE-5', 'bit 136', b([[SECOND + 16, 0x100n]])],
  ['PE-6', 'fourth word', b([[SECOND + 24, 1n]])],
  ['PE-7', 'CD without MTS', b([[SECOND + 8, 0x2800005n]], { ecap: ecapWithout(MACHINE_B, 25) })],
  ['PE-8', 'domain id of 9 bits, ND 2', b([[SECOND + 8, 0x800123n]], { cap: 0x01d2078c406f0402n })],
  ['PE-9', 'PGTT 5', b([[SECOND, 0x103060149n]])],
  ['PE-10', 'AW 3', b([[SECOND, 0x10306028dn]])],
  ['PE-11', 'FSPM 1', b([[FIRST + 16, 0x103070004n]])],
  ['PE-12', 'guest table beyond 48 bits', b([...NESTED, [SECOND + 16, bit(48)]], { haw: 52 })],
  ['PE-13', 'top table not in the dump', b([[SECOND, 0x103028289n]]), 'note'],
  ['PE-14', 'SSADE without PWSNP', b([[SECOND + 8, 5n]]), 'warning'],
  ['PE-15', 'SSADE without SMPWCS', b([], { ecap: ecapWithout(MACHINE_B, 48) })],
  ['PE-16', 'DID 0, caching mode', b([[SECOND + 8, 0x800000n]], { cap: (MACHINE_B.cap ?? 0n) | bit(7) })],
  ['PE-17', 'one id with and without second stage', b([[FIRST + 8, 0x1800005n]])],
  ['PE-18', 'one id, two tables', b(otherPasid(0x103061289n, 0x800005n))],
  ['PE-19', 'one table with and without SSADE', b(otherPasid(0x103060089n, 0x800005n)), 'warning'],
  [
    'PE-20',
    'one first stage, two modes',
    b(otherPasid(0x49n, 0x1800006n, 0x103070004n), { cap: (MACHINE_B.cap ?? 0n) | bit(60) }),
  ],
  ['PE-21', 'second stage with a first-stage pointer', b([[SECOND + 16, 0x103070000n]]), 'note'],
  ['PE-22', 'P cleared', b(otherPasid(0x103060288n, 0x800005n))],
  ['PE-23', 'WPE without SRE', b([[FIRST + 16, 0x103070010n]]), 'note'],
  ['PE-24', 'PGSNP without SC', b([], { ecap: ecapWithout(MACHINE_B, 7) })],
  [
    'SS-1',
    'read-only leaf below a write-only table',
    a([
      [A_AT.pde, 0x103042002n],
      [A_AT.pte, 0x234567001n],
    ]),
    'warning',
  ],
  ['SS-2', 'no permission', a([[A_AT.pte, 0x234567800n]])],
  ['SS-3', 'bit 46', a([[A_AT.pte, 0x400234567003n]])],
  ['SS-4', 'bit 62', a([[A_AT.pte, 0x4000000234567003n]])],
  ['SS-5', 'SNP on a table', a([[A_AT.pdpe, 0x103041803n]])],
  ['SS-6', 'SNP without SC', a([[A_AT.pte, 0x234567803n]], { ecap: ecapWithout(MACHINE_A, 7) })],
  ['SS-7', 'bit 7 in a PML4E', a([[A_AT.pml4e, 0x103040083n]])],
  ['SS-8', '2 MiB without SSLPS', a([], { cap: capWithout(MACHINE_A, 34) })],
  ['SS-9', '1 GiB without SSLPS', a([], { cap: capWithout(MACHINE_A, 35) })],
  ['SS-10', 'bit 12 of 2 MiB', a([[A_AT.pdeLeaf, 0x240001083n]])],
  ['SS-11', 'bit 12 of 1 GiB', a([[A_AT.pdpeLeaf, 0x280001083n]])],
  [
    'SS-12',
    'memory type 2',
    b(
      [
        [SECOND + 8, 0x4800005n],
        [B_AT.ssPte, 0x234567013n],
      ],
      { ecap: ecapWith(MACHINE_B, 25) },
    ),
    'warning',
  ],
  ['SS-13', 'page table not in the dump', a([[A_AT.pde, 0x103028003n]]), 'note'],
  ['SS-14', 'interrupt range', a([[A_AT.pte, 0xfee00003n]]), 'warning'],
  ['SS-15', 'beyond MGAW', a([], { cap: 0x00d2078c40260606n }), 'warning'],
  ['SS-17', 'table without W', a([[A_AT.pdpe, 0x103041001n]])],
  ['SS-18', 'bit 52', a([[A_AT.pte, 0x10000234567003n]]), 'warning'],
  ['SS-19', 'A in legacy mode', a([[A_AT.pte, 0x234567103n]]), 'note'],
  ['SS-20', 'D without A', b([[B_AT.ssPte, 0x234567203n]]), 'note'],
  ['SS-21', 'cycle', a([[A_AT.pde, 0x10303f003n]])],
  ['SS-22', 'one table twice', a([[A_AT.pde + 8, 0x103042003n]])],
  ['SS-23', 'a leaf maps the root table', a([[A_AT.pte, 0x103027003n]])],
  ['SS-25', 'bit 2', a([[A_AT.pte, 0x234567007n]]), 'note'],
  ['SS-26', 'bit 10 on a leaf', a([[A_AT.pte, 0x234567403n]]), 'note'],
  ['SS-27', 'empty table', a([[A_AT.pte, 0n]]), 'note'],
  ['SS-28', 'leaves with and without SNP', a([[A_AT.pdpeLeaf, 0x280000883n]]), 'note'],
  ['SS-29', 'read-only leaf of a nesting parent', b([...NESTED, [B_AT.ssPte + 8, 0x234568001n]]), 'warning'],
  ['SS-30', 'write-only leaf', a([[A_AT.pte, 0x234567002n]]), 'note'],
  [
    'SS-31',
    'interrupt range as input',
    a([
      [0x10303f000, 0x103044003n],
      [0x103044018, 0x103045003n],
      [0x103045fb8, 0x250000083n],
    ]),
    'warning',
  ],
  ['SS-32', 'table at 0', a([[A_AT.pde, 3n]])],
  ['FS-1', 'empty first stage', b([[B_AT.fsPml4e, 0n]]), 'note'],
  ['FS-2', 'bit 46', b([[B_AT.fsPte, 0x400256789067n]])],
  ['FS-3', 'bit 7 in a PML4E', b([[B_AT.fsPml4e, 0x1030710a7n]])],
  ['FS-4', '1 GiB without FS1GP', b([[B_AT.fsPdpe, 0x2800000e7n]], { cap: capWithout(MACHINE_B, 56) })],
  ['FS-5', 'bit 13 of 1 GiB', b([[B_AT.fsPdpe, 0x2800020e7n]])],
  ['FS-6', 'bit 13 of 2 MiB', b([[B_AT.fsPde, 0x2600020e7n]])],
  ['FS-7', 'U/S clear', b([[B_AT.fsPte, 0x256789063n]])],
  ['FS-8', 'R/W clear in a table', b([[B_AT.fsPde, 0x103073025n]])],
  ['FS-10', 'page table not in the dump', b([[B_AT.fsPde, 0x103028027n]]), 'note'],
  [
    'FS-11',
    'guest address beyond the second stage',
    b([...NESTED, [0x234567000, 0x1000000001027n]], { haw: 52 }),
  ],
  [
    'FS-12',
    'not dirty, walks not snooped',
    b([
      [FIRST + 8, 0x1000006n],
      [B_AT.fsPte, 0x256789027n],
    ]),
    'warning',
  ],
  ['FS-13', 'interrupt range', b([[B_AT.fsPte, 0xfee00067n]]), 'warning'],
  ['FS-14', 'XD', b([[B_AT.fsPte, 0x8000000256789067n]]), 'note'],
  ['FS-15', 'P cleared', b([[B_AT.fsPte + 8, 0x256789066n]])],
  ['FS-16', 'upper half', b([[0x103070800, 0x103071027n]]), 'note'],
  ['FS-17', 'bit 52', b([[B_AT.fsPte, 0x10000256789067n]]), 'note'],
  ['FS-18', 'EA', b([[B_AT.fsPte, 0x256789467n]]), 'note'],
  ['FS-19', 'PWT', b([[B_AT.fsPte, 0x25678906fn]]), 'note'],
  ['XR-1', 'the context table as page table', a([[A_AT.pde + 8, 0x10303e003n]])],
  ['2.6 LRT.1, SRT.1', 'bit 46 of the root table', a([], { rtaddr: 0x400103027000n })],
  ['2.3 first stages', 'one id and PASID, two first stages', b(otherFirstStage(6n))],
  ['2.6 FPD of scalable contexts', 'FPD', b([[B_AT.context, 0x10305040bn]]), 'warning'],
  ['2.6 FPD of PASID entries', 'FPD', b([[SECOND, 0x10306028bn]]), 'warning'],
  ['2.6 SFS.6', 'a top table that the guest has not', b([...NESTED, [SECOND + 16, 0x5000n]]), 'warning'],
  ['2.6 SFS.7', 'a table that the guest has not', b([...NESTED, [0x234567000, 0x5027n]]), 'warning'],
  ['1.1 CTP 0', 'pointer 0', a([[A_AT.root, 1n]])],
  ['1.2 LCTP, UCTP 0', 'pointer of the upper half 0', b([[B_AT.root + 8, 1n]])],
  ['1.5 PASIDDIRPTR 0', 'pointer 0', b([[B_AT.context, 0x409n]])],
  ['1.6 SMPTBLPTR 0', 'pointer 0', b([[B_AT.directory, 1n]])],
  ['1.7 SSPTPTR 0', 'pointer 0', b([[SECOND, 0x289n]])],
  ['1.7 FSPTPTR 0', 'pointer 0', b([[FIRST + 16, 0n]])],
  ['1.9 table at 0', 'PDE to address 0', b([[B_AT.fsPde, 0x27n]])],
  ['3.14 first stage', 'interrupt range as input of RID_PASID', b(firstAtRid()), 'warning'],
  ['1.9 P clear', 'P and R/W clear', b([[B_AT.fsPte + 8, 0x256789064n]])],
  ['tables in RAM', 'context table in the first MiB', a([[A_AT.root + 16, 0x5001n]])],
  ['tables in RAM', 'high half missing', a([[A_AT.root + 16, 0x303e001n]])],
  ['tables are tables', 'a page of other data as context table', a(otherPage(0x11n))],
  ['tables in use', 'empty context table', a(otherPage(0n)), 'note'],
  ['1.5 P clear', 'P cleared', b([[B_AT.context + 32, 0x103050408n]])],
  ['1.6 P clear', 'P cleared', b([[B_AT.directory + 16, 0x103052000n]])],
  ['depth', 'AW one level short', a([[A_AT.context + 8, 0x2301n]])],
  ['XR-5', 'bit 46, width not known', a([[A_AT.pte, 0x400234567003n]], { haw: undefined }), 'note'],
];

/** 3b:00.1 of machine B with an empty first stage of its own at PASID 0x41. */
export function otherFirstStage(did: bigint): Words {
  return [
    [B_AT.context + 32, 0x103054409n],
    [0x103054008, 0x103055001n],
    [0x103055040, 0x49n],
    [0x103055048, 0x1800000n | did],
    [0x103055050, 0x103074000n],
    [0x103074000, 0n],
  ];
}

/** PASID 0 of machine B with a first stage that maps 2 MiB at 0xfee00000. */
export function firstAtRid(): Words {
  return [
    [SECOND, 0x49n],
    [SECOND + 8, 0x1800005n],
    [SECOND + 16, 0x103074000n],
    [0x103074000, 0x103075027n],
    [0x103075018, 0x103076027n],
    [0x103076fb8, 0x2500000e7n],
  ];
}

/** A context table of bus 0x3c in which ten entries are this word. */
export function otherPage(word: bigint): Words {
  return [
    [A_AT.root + 16, 0x103050001n],
    ...Array.from({ length: 10 }, (_, i) => [0x103050000 + i * 16, word] as const),
  ];
}

export function passThrough(aw: bigint): Words {
  return [
    [A_AT.context, 9n],
    [A_AT.context + 8, 0x100n | aw],
  ];
}
