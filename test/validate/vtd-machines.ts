/** The machines of vtd.md 5 with tables that no rule objects to, and validation of what is changed in them. */
import type { Handover } from '../../src/abi/model.js';
import type { Finding } from '../../src/validate/rule.js';
import { type ValidateOptions, type ValidationResult, validate } from '../../src/validate/run.js';
import { settingsOf } from '../../src/vtd/registers.js';
import { vtdRules } from '../../src/vtd/rules/index.js';
import type { VtdOptions } from '../../src/vtd/rules/unit.js';
import { wordsMemory } from '../vtd/tables.js';

export type Words = readonly (readonly [address: number, value: bigint])[];

export interface Machine {
  readonly words: Words;
  readonly rtaddr: bigint;
  readonly cap: bigint | undefined;
  readonly ecap: bigint | undefined;
  readonly haw: number | undefined;
  readonly rev?: 2 | 3 | 5;
  readonly gsts?: bigint;
  readonly device?: VtdOptions['device'];
  readonly dmaContinues?: boolean;
  readonly iomem?: VtdOptions['iomem'];
}

/** Addresses of the entries of machine A (vtd.md 5.1, 5.2). */
export const A_AT = {
  root: 0x1030273b0,
  context: 0x10303e000,
  pml4e: 0x10303f120,
  pdpe: 0x103040688,
  pdpeLeaf: 0x103040690,
  pde: 0x103041598,
  pdeLeaf: 0x1030415a8,
  pte: 0x103042c48,
} as const;

/** Legacy mode: 5.1 and 5.2, its 1 GiB leaf without SNP so that all leaves agree. */
export const MACHINE_A: Machine = {
  rtaddr: 0x103027000n,
  cap: 0x00d2078c406f0606n,
  ecap: 0x0000000000f050dfn,
  haw: 46,
  words: [
    [A_AT.root, 0x10303e001n],
    [A_AT.context, 0x10303f005n],
    [A_AT.context + 8, 0x2302n],
    [A_AT.pml4e, 0x103040003n],
    [A_AT.pdpe, 0x103041003n],
    [A_AT.pdpeLeaf, 0x280000083n],
    [A_AT.pde, 0x103042003n],
    [A_AT.pdeLeaf, 0x240000083n],
    [A_AT.pte, 0x234567003n],
  ],
};

/** Addresses of the entries of machine B (vtd.md 5.3, 5.4). */
export const B_AT = {
  root: 0x1030273b0,
  context: 0x10303e000,
  directory: 0x103050000,
  /** PASID 0: second stage. */
  second: 0x103051000,
  /** PASID 0x41: first stage. */
  first: 0x103052040,
  ssPml4e: 0x103060000,
  ssPdpe: 0x103061000,
  ssPde: 0x103062000,
  ssPte: 0x103063008,
  fsPml4e: 0x1030707f0,
  fsPdpe: 0x103071020,
  fsPde: 0x1030728d0,
  fsPte: 0x1030732b0,
} as const;

/** Scalable mode: 5.3 and 5.4, with a small second-stage table. */
export const MACHINE_B: Machine = {
  rtaddr: 0x103027400n,
  cap: 0x01d2078c406f0406n,
  ecap: 0x0001ed9824f050dfn,
  haw: 46,
  words: [
    [B_AT.root, 0x10303e001n],
    [B_AT.context, 0x103050409n],
    [B_AT.directory, 0x103051001n],
    [B_AT.directory + 8, 0x103052001n],
    [B_AT.second, 0x103060289n],
    [B_AT.second + 8, 0x800005n],
    [B_AT.first, 0x49n],
    [B_AT.first + 8, 0x1800006n],
    [B_AT.first + 16, 0x103070000n],
    [B_AT.ssPml4e, 0x103061003n],
    [B_AT.ssPdpe, 0x103062003n],
    [B_AT.ssPde, 0x103063003n],
    [B_AT.ssPte, 0x234567003n],
    [B_AT.fsPml4e, 0x103071027n],
    [B_AT.fsPdpe, 0x103072027n],
    [B_AT.fsPde, 0x103073027n],
    [B_AT.fsPte, 0x256789067n],
  ],
};

/** A machine with other words in its memory, and other registers. */
export function changed(machine: Machine, words: Words, more: Partial<Machine> = {}): Machine {
  return { ...machine, ...more, words: [...new Map([...machine.words, ...words])] };
}

/** The memory of a machine and its registers, as `kho validate --root` takes them. */
export function machineInput(
  machine: Machine,
  handover: Partial<Handover> = {},
): { readonly handover: Handover; readonly options: ValidateOptions } {
  const { words, rtaddr, cap, ecap, haw, rev, gsts, device, dmaContinues = false, iomem } = machine;
  const settings = settingsOf({
    rtaddr,
    ...(cap === undefined ? {} : { cap }),
    ...(ecap === undefined ? {} : { ecap }),
    ...(haw === undefined ? {} : { haw }),
    ...(rev === undefined ? {} : { rev }),
  });
  const given = { cap: cap !== undefined, ecap: ecap !== undefined, haw: haw !== undefined };
  const unit = { name: 'dmar0', rtaddr, settings, given, ...(gsts === undefined ? {} : { gsts }) };
  return {
    handover: { kind: 'unknown', pageSize: 4096, diagnostics: [], memory: wordsMemory(words), ...handover },
    options: {
      settings,
      vtd: {
        units: [unit],
        given,
        dmaContinues,
        ...(device === undefined ? {} : { device }),
        ...(iomem === undefined ? {} : { iomem }),
      },
    },
  };
}

/** Validates the memory of a machine, as `kho validate --root` does without a handover tree. */
export function validateMachine(machine: Machine, more: Partial<Handover> = {}): ValidationResult {
  const { handover, options } = machineInput(machine, more);
  return validate(handover, vtdRules, options);
}

const ROWS = new Map(vtdRules.map(({ id, source }) => [id, source.replace(/^vtd /, '')]));

/** The row of the specification that a finding is about. */
export function rowOf({ rule }: Finding): string {
  return ROWS.get(rule) ?? rule;
}

/** The findings of a machine by row. */
export function findingsOf(machine: Machine): Map<string, Finding[]> {
  const byRow = new Map<string, Finding[]>();
  for (const finding of validateMachine(machine).findings) {
    byRow.set(rowOf(finding), [...(byRow.get(rowOf(finding)) ?? []), finding]);
  }
  return byRow;
}
