import { type RtaddrReg, readCapReg, readRtaddrReg, TableMode } from '../records/vtd.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';

/** What is known of the registers of one remapping unit. */
export interface UnitRegisters {
  /** The kernel's name, e.g. `dmar0`. */
  readonly name: string;
  /** Physical byte address of the register set. */
  readonly baseAddress?: bigint;
  /** Register values by the kernel's name (CAP, ECAP, RTADDR, GSTS...). */
  readonly values: ReadonlyMap<string, bigint>;
}

const UNIT_LINE = /^IOMMU: (\S+) Register Base Address: (?:0x)?([0-9a-f]+)\s*$/i;
const REGISTER_LINE = /^([A-Z][A-Z0-9_]*)\s+0x[0-9a-f]+\s+0x([0-9a-f]{1,16})\s*$/i;

/**
 * Parses the text of debugfs `iommu_regset` (vtd.md 4.1). Lines that are neither a unit's head nor a register
 * are skipped.
 *
 * @returns the units in the order of the text; none when it is something else
 *
 * @example
 * ```ts
 * import { parseRegset } from 'kho-toolkit';
 *
 * const [unit] = parseRegset(`IOMMU: dmar0 Register Base Address: fed90000
 * Name\t\tOffset\t\tContents
 * RTADDR\t\t0x20\t\t0x00000000005b6000
 * `);
 * console.log(unit?.name, unit?.values.get('RTADDR')); //=> dmar0 5988352n
 * ```
 */
export function parseRegset(text: string): UnitRegisters[] {
  const units: { name: string; baseAddress: bigint; values: Map<string, bigint> }[] = [];
  for (const line of text.split('\n')) {
    const head = UNIT_LINE.exec(line);
    if (head !== null) {
      const [, name = '', base = '0'] = head;
      units.push({ name, baseAddress: BigInt(`0x${base}`), values: new Map() });
      continue;
    }
    const [, register = '', contents = ''] = REGISTER_LINE.exec(line) ?? [];
    if (register !== '') units.at(-1)?.values.set(register, BigInt(`0x${contents}`));
  }
  return units;
}

/** The RTADDR register, taken apart. */
export interface RootPointer {
  /** Physical byte address of the root table. */
  readonly address: bigint;
  readonly mode: 'legacy' | 'scalable' | 'extended' | 'abort-dma';
  readonly ssirwe: boolean;
  readonly fields: RtaddrReg;
}

function viewOf(value: bigint): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value, true);
  return view;
}

/** Takes a value of the RTADDR register apart: address, translation table mode, SSIRWE. */
export function rootPointer(rtaddr: bigint): RootPointer {
  const fields = readRtaddrReg(viewOf(rtaddr), 0);
  const modes = new Map<number, RootPointer['mode']>([
    [TableMode.legacy, 'legacy'],
    [TableMode.scalable, 'scalable'],
    [TableMode.extended, 'extended'],
    [TableMode.abortDma, 'abort-dma'],
  ]);
  return {
    address: fields.rta << 12n,
    mode: modes.get(fields.ttm) ?? 'abort-dma',
    ssirwe: fields.ssirwe === 1,
    fields,
  };
}

/** What a user or a dump says about a unit; each part may be missing. */
export interface KnownSettings {
  readonly cap?: bigint;
  readonly ecap?: bigint;
  readonly haw?: number;
  readonly rev?: 2 | 3 | 5;
  readonly rtaddr?: bigint;
}

/** Settings from what is known; the rest are the defaults, which reserve the least. */
export function settingsOf(known: KnownSettings): VtdSettings {
  return {
    ...DEFAULT_SETTINGS,
    cap: known.cap ?? DEFAULT_SETTINGS.cap,
    ecap: known.ecap ?? DEFAULT_SETTINGS.ecap,
    haw: known.haw ?? DEFAULT_SETTINGS.haw,
    rev: known.rev ?? DEFAULT_SETTINGS.rev,
    ...(known.rtaddr === undefined ? { mode: 'legacy', ssirwe: false } : rootSettings(known.rtaddr)),
  };
}

/** The settings that RTADDR decides. */
export function rootSettings(rtaddr: bigint): Pick<VtdSettings, 'mode' | 'ssirwe'> {
  const { mode, ssirwe } = rootPointer(rtaddr);
  return mode === 'scalable' ? { mode, ssirwe } : { mode: 'legacy', ssirwe: false };
}

/**
 * Settings of a unit from its registers, with what else is known.
 *
 * @example
 * ```ts
 * import { parseRegset, settingsOfUnit } from 'kho-toolkit';
 *
 * const [unit] = parseRegset(`IOMMU: dmar0 Register Base Address: fed90000
 * CAP\t\t0x8\t\t0x00d2008c222f0686
 * `);
 * if (unit !== undefined) console.log(settingsOfUnit(unit).cap.toString(16)); //=> d2008c222f0686
 * ```
 */
export function settingsOfUnit(unit: UnitRegisters, known: KnownSettings = {}): VtdSettings {
  const cap = known.cap ?? unit.values.get('CAP');
  const ecap = known.ecap ?? unit.values.get('ECAP');
  const rtaddr = known.rtaddr ?? unit.values.get('RTADDR');
  return settingsOf({
    ...known,
    ...(cap === undefined ? {} : { cap }),
    ...(ecap === undefined ? {} : { ecap }),
    ...(rtaddr === undefined ? {} : { rtaddr }),
  });
}

/**
 * Usable width of an IOVA in a second stage: min(MGAW, width of the levels), in bits (vtd.md 1.11).
 *
 * @param levels 2..5
 */
export function inputWidthOf(settings: VtdSettings, levels: number): number {
  return Math.min(readCapReg(viewOf(settings.cap), 0).mgaw + 1, 12 + 9 * levels);
}
