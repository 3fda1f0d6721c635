/** VT-d settings on the command line: registers, and the units and devices to look at. */
import type { Argv } from 'yargs';
import { type Iomem, parseIomem } from '../memory/iomem.js';
import { InputError } from '../memory/node/errors.js';
import { readText } from '../memory/node/read-text.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { type DeviceId, parseDeviceId } from '../vtd/device-id.js';
import { type KnownSettings, parseRegset, settingsOf, settingsOfUnit } from '../vtd/registers.js';
import type { VtdOptions, VtdUnit } from '../vtd/rules/unit.js';
import { lastValue, parseNumber, parseSmall, UsageError } from './numbers.js';
import { type Given, withOptions } from './options.js';

/** Heading of these options in the help. */
export const VTD_SETTINGS = 'VT-d settings:';

const OPTIONS = {
  root: 'value of RTADDR_REG, mode bits included',
  regset: 'copy of debugfs iommu_regset: RTADDR, CAP and ECAP of every unit',
  device: 'only this function, [SSSS:]BB:DD.F; needs --root or --regset, unless the handover has IOMMU state',
  cap: 'value of CAP_REG (default: all capabilities)',
  ecap: 'value of ECAP_REG (default: all capabilities)',
  haw: 'host address width in bits (default: 52)',
  rev: 'specification revision: 2, 3 (and 4) or 5 (default: 5)',
} as const;

export type VtdArguments = Given<typeof OPTIONS>;

export function vtdOptions<T>(yargs: Argv<T>): Argv<T & VtdArguments> {
  return withOptions(yargs, OPTIONS, VTD_SETTINGS);
}

/** What the options say by themselves. */
function known(args: VtdArguments): KnownSettings {
  const cap = lastValue(args.cap);
  const ecap = lastValue(args.ecap);
  const haw = lastValue(args.haw);
  const rev = lastValue(args.rev);
  return {
    ...(cap === undefined ? {} : { cap: parseNumber(cap, 'cap') }),
    ...(ecap === undefined ? {} : { ecap: parseNumber(ecap, 'ecap') }),
    ...(haw === undefined ? {} : { haw: parseSmall(haw, 'haw', 32, 52) }),
    ...(rev === undefined ? {} : { rev: revision(rev) }),
  };
}

/** Which of the settings of {@link vtdSettings} somebody named. */
export function vtdGiven(args: VtdArguments): VtdUnit['given'] {
  const own = known(args);
  return { cap: own.cap !== undefined, ecap: own.ecap !== undefined, haw: own.haw !== undefined };
}

/** Bytes of an iommu_regset, of which one unit takes some 2 KiB, and of a copy of /proc/iomem. */
const MAX_REGSET = 16 * 2 ** 20;

/**
 * Settings of tables that belong to no unit that is known.
 *
 * @throws UsageError for a value that no unit can have
 */
export function vtdSettings(args: VtdArguments): VtdSettings {
  return { ...DEFAULT_SETTINGS, ...known(args) };
}

/** @throws UsageError for a text that names no revision */
export function revision(text: string): VtdSettings['rev'] {
  if (text === '2') return 2;
  if (text === '3' || text === '4') return 3;
  if (text === '5') return 5;
  throw new UsageError(`--rev: "${text}" is not 2, 3, 4 or 5`);
}

/**
 * @param recorded whether the handover may name the units
 * @throws UsageError when the text names no function
 */
export function vtdDevice(args: VtdArguments, recorded = false): DeviceId | undefined {
  const text = lastValue(args.device);
  if (text === undefined) return undefined;
  if (!recorded && lastValue(args.root) === undefined && lastValue(args.regset) === undefined)
    throw new UsageError('--device needs --root RTADDR or --regset FILE');
  const device = parseDeviceId(text);
  if (device === undefined) throw new UsageError(`--device: "${text}" is not [SSSS:]BB:DD.F, in hexadecimal`);
  return device;
}

/**
 * The remapping units that --root or --regset names; none without them.
 *
 * @throws UsageError for arguments that contradict each other
 * @throws InputError when the file cannot be read or shows no unit
 */
export async function vtdUnits(args: VtdArguments): Promise<readonly VtdUnit[]> {
  const root = lastValue(args.root);
  const regset = lastValue(args.regset);
  if (root !== undefined && regset !== undefined)
    throw new UsageError('--root and --regset are mutually exclusive');
  const own = known(args);
  if (root !== undefined) {
    const rtaddr = parseNumber(root, 'root');
    const given = vtdGiven(args);
    // The kernel numbers units from 0; the register's value does not say which one it is of.
    return [{ name: 'dmar0', rtaddr, settings: settingsOf({ ...own, rtaddr }), given }];
  }
  return regset === undefined ? [] : unitsOf(regset, await readText(regset, MAX_REGSET), own);
}

/** The units of an iommu_regset's text; `path` is for messages. */
export function unitsOf(path: string, text: string, own: KnownSettings): readonly VtdUnit[] {
  const units = parseRegset(text);
  if (units.length === 0)
    throw new InputError(path, 'no-regset', 'is not an iommu_regset: it shows no remapping unit');
  return units.map((unit) => {
    const rtaddr = unit.values.get('RTADDR');
    if (rtaddr === undefined) throw new InputError(path, 'no-rtaddr', `shows no RTADDR of ${unit.name}`);
    const gsts = unit.values.get('GSTS');
    return {
      name: unit.name,
      rtaddr,
      settings: settingsOfUnit(unit, own),
      given: {
        cap: own.cap !== undefined || unit.values.has('CAP'),
        ecap: own.ecap !== undefined || unit.values.has('ECAP'),
        haw: own.haw !== undefined,
      },
      ...(gsts === undefined ? {} : { gsts }),
    };
  });
}

/**
 * A copy of /proc/iomem.
 *
 * @throws InputError when it cannot be read, is something else, or was read without the right to see addresses
 */
async function readIomem(path: string): Promise<Iomem> {
  const iomem = parseIomem(await readText(path, MAX_REGSET));
  if (iomem.lines === 0) throw new InputError(path, 'no-iomem', 'is not a /proc/iomem: it shows no range');
  if (iomem.zeroed)
    throw new InputError(path, 'no-iomem', 'shows address 0 in every line: /proc/iomem must be read as root');
  if (iomem.ram.length === 0) throw new InputError(path, 'no-iomem', 'shows no System RAM');
  return iomem;
}

/** What only a validation asks for. */
export interface ValidationExtras {
  readonly dmaContinues?: boolean | undefined;
  /** Path of a copy of /proc/iomem. */
  readonly iomem?: string | undefined;
}

/** The VT-d part of a validation, and the settings of tables that belong to domains of the handover. */
export async function vtdValidation(
  args: VtdArguments,
  { dmaContinues = false, iomem }: ValidationExtras = {},
): Promise<{ readonly settings: VtdSettings; readonly vtd: VtdOptions }> {
  const device = vtdDevice(args);
  const units = await vtdUnits(args);
  const [unit] = units;
  const given = unit?.given ?? vtdGiven(args);
  const settings = unit?.settings ?? vtdSettings(args);
  const vtd = {
    units,
    given,
    dmaContinues,
    ...(device === undefined ? {} : { device }),
    ...(iomem === undefined ? {} : { iomem: await readIomem(iomem) }),
  };
  return { settings, vtd };
}
