/** What decides which bits of a VT-d structure are reserved or ignored. */
export interface VtdSettings {
  /** Generation of the architecture specification: 2.x, 3.x/4.x or 5.x. */
  readonly rev: 2 | 3 | 5;
  /** Host address width in bits (ACPI DMAR table, byte 36, plus one). */
  readonly haw: number;
  /** Value of CAP_REG. */
  readonly cap: bigint;
  /** Value of ECAP_REG. */
  readonly ecap: bigint;
  /** Translation table mode of RTADDR_REG. */
  readonly mode: 'legacy' | 'scalable';
  /** RTADDR_REG.SSIRWE: second-stage permissions are in bits 61 and 62. */
  readonly ssirwe: boolean;
  /** PASID entry, SSADE: accessed and dirty bits of the second stage are in use. */
  readonly ssade: boolean;
  /** PASID entry, EMTE: memory types of second-stage leaves are in use. */
  readonly emte: boolean;
  /** PASID entry, EAFE: the extended accessed bit of the first stage is in use. */
  readonly eafe: boolean;
  /** Scalable context entry, HPTE: host permission tables are in use. */
  readonly hpte: boolean;
}

/**
 * Settings for tables of which nothing else is known: revision 5.x, 52 address bits, every capability there.
 * They report the least: a bit that some hardware allows is not reserved. Because all of CAP and ECAP is 1,
 * numbers in them (ND, MGAW, PSS) are at their largest, and CM is set: rules on those need real values.
 *
 * @example
 * ```ts
 * import { DEFAULT_SETTINGS } from 'kho-toolkit';
 *
 * console.log(DEFAULT_SETTINGS.haw); //=> 52
 * ```
 */
export const DEFAULT_SETTINGS: VtdSettings = {
  rev: 5,
  haw: 52,
  cap: 0xffff_ffff_ffff_ffffn,
  ecap: 0xffff_ffff_ffff_ffffn,
  mode: 'legacy',
  ssirwe: false,
  ssade: false,
  emte: false,
  eafe: false,
  hpte: false,
};

const SAME = new Map<string, VtdSettings>();
/** Settings that are kept: entries of one kernel have a handful. */
const MAX_SAME = 256;

/**
 * The same object for equal settings, so that what is compiled for settings is compiled once, however many entries have
 * them.
 */
export function sameSettings(settings: VtdSettings): VtdSettings {
  const { rev, haw, cap, ecap, mode, ssirwe, ssade, emte, eafe, hpte } = settings;
  const key = `${rev} ${haw} ${cap} ${ecap} ${mode} ${ssirwe} ${ssade} ${emte} ${eafe} ${hpte}`;
  const known = SAME.get(key);
  if (known !== undefined) return known;
  if (SAME.size >= MAX_SAME) SAME.clear();
  SAME.set(key, settings);
  return settings;
}
