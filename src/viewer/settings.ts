/** Registers of remapping units: what is filled in beside a dump, and an iommu_regset that was dropped with it. */
import { parseNumber, parseSmall, UsageError } from '../cli/numbers.js';
import { revision, unitsOf } from '../cli/vtd-settings.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { parseDeviceId } from '../vtd/device-id.js';
import { type KnownSettings, parseRegset, settingsOf } from '../vtd/registers.js';
import type { VtdOptions } from '../vtd/rules/unit.js';

/** What is filled in, as options of the command line take it; empty where it is not. */
export interface Fields {
  readonly root: string;
  readonly device: string;
  readonly cap: string;
  readonly ecap: string;
  readonly haw: string;
  readonly rev: string;
}

/** A text that shows registers of units. */
export interface Regset {
  readonly name: string;
  readonly text: string;
}

/** Whether a text is a copy of debugfs iommu_regset. */
export function isRegset(text: string): boolean {
  return parseRegset(text).length > 0;
}

/**
 * The VT-d part of a validation.
 *
 * @throws UsageError for a field that says nothing a unit can have
 * @throws InputError for a regset without RTADDR
 */
export function vtdOf(
  { root, device, cap, ecap, haw, rev }: Fields,
  regset: Regset | undefined,
): { readonly settings: VtdSettings; readonly vtd: VtdOptions } {
  const own: KnownSettings = {
    ...(cap === '' ? {} : { cap: parseNumber(cap, 'CAP_REG') }),
    ...(ecap === '' ? {} : { ecap: parseNumber(ecap, 'ECAP_REG') }),
    ...(haw === '' ? {} : { haw: parseSmall(haw, 'host address width', 32, 52) }),
    ...(rev === '' ? {} : { rev: revision(rev) }),
  };
  if (root !== '' && regset !== undefined)
    throw new UsageError(`RTADDR_REG is filled in, and ${regset.name} shows it too: one of both is enough`);
  const given = { cap: own.cap !== undefined, ecap: own.ecap !== undefined, haw: own.haw !== undefined };
  const rtaddr = root === '' ? undefined : parseNumber(root, 'RTADDR_REG');
  const units =
    regset !== undefined
      ? unitsOf(regset.name, regset.text, own)
      : rtaddr === undefined
        ? []
        : [{ name: 'dmar0', rtaddr, settings: settingsOf({ ...own, rtaddr }), given }];
  const id = device === '' ? undefined : parseDeviceId(device);
  if (device !== '' && id === undefined)
    throw new UsageError(`device "${device}" is not [SSSS:]BB:DD.F, in hexadecimal`);
  if (id !== undefined && units.length === 0)
    throw new UsageError('a device needs RTADDR_REG or an iommu_regset');
  const [unit] = units;
  return {
    settings: unit?.settings ?? { ...DEFAULT_SETTINGS, ...own },
    vtd: {
      units,
      given: unit?.given ?? given,
      dmaContinues: false,
      ...(id === undefined ? {} : { device: id }),
    },
  };
}
