/** Ways to break the machines of vtd.md 5. */
import { A_AT, B_AT, changed, MACHINE_A, MACHINE_B, type Machine, type Words } from './vtd-machines.js';

/** The row that is broken, what is changed, and the severity where it is not an error. */
export type VtdCase = readonly [
  row: string,
  what: string,
  machine: Machine,
  severity?: 'error' | 'warning' | 'note',
];

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
export const secondContext = (low: bigint, high: bigint): Words => [
  [A_AT.context + 16, low],
  [A_AT.context + 24, high],
];
/** Another PASID entry (PASID 1) of machine B. */
export const otherPasid = (...words: bigint[]): Words =>
  words.map((word, i) => [SECOND + 64 + i * 8, word] as const);

/** The nested variant of PASID 0: guest tables are in the guest page that IOVA 0x1000 maps. */
export const NESTED: Words = [
  [SECOND, 0x1030602c9n],
  [SECOND + 16, 0x1000n],
  [B_AT.ssPte, 0x234567003n],
  [0x234567000, 0x1027n],
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
