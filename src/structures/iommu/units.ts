/**
 * The remapping units that an IOMMU state records, as root tables that can be followed. RTADDR_REG's mode bits are not
 * in the record (upstream 4.5): the tables and what else is recorded tell the mode.
 */
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { ROOT_ENTRY_SIZE, RTADDR_REG_BITS, readScalableRootEntry } from '../../records/vtd.js';
import { grouped } from '../../schema/grouped.js';
import { DEFAULT_SETTINGS, sameSettings } from '../../schema/settings.js';
import { hex } from '../../schema/units.js';
import { type DevicePath, devicePath } from '../../vtd/context/path.js';
import { IOMMU_TYPE, type IommuDevice, type IommuDomain, type IommuState, type IommuUnit } from './model.js';

const PAGE_MASK = ~0xfffn;
/** RTADDR_REG.TTM of scalable mode, which is 1. */
const SCALABLE = 1n << BigInt(RTADDR_REG_BITS.ttm.shift);
const BUSES = 256;

/** The translation table mode of RTADDR_REG. */
export type UnitMode = 'legacy' | 'scalable';

/** An Intel unit that is in use, with its root table. */
export interface RecordedUnit {
  readonly unit: IommuUnit;
  /** For messages, after the base address of its registers. */
  readonly name: string;
  /** What RTADDR_REG has: the recorded address, and the mode. */
  readonly rtaddr: bigint;
  readonly mode: UnitMode;
  /** What tells the mode, for people. */
  readonly why: string;
}

/** Devices of a state that are in use; `unit` or `domain` is the address of the record that they have to refer to. */
export function liveDevices(
  state: IommuState,
  { unit, domain }: { readonly unit?: bigint; readonly domain?: bigint } = {},
): readonly IommuDevice[] {
  const { devices, byUnit, byDomain } = indexOf(state);
  if (unit !== undefined) return byUnit.get(unit) ?? [];
  return domain === undefined ? devices : (byDomain.get(domain) ?? []);
}

/** Objects in use, by what refers to them. */
interface Index {
  readonly devices: readonly IommuDevice[];
  readonly byUnit: ReadonlyMap<bigint, readonly IommuDevice[]>;
  readonly byDomain: ReadonlyMap<bigint, readonly IommuDevice[]>;
  readonly domains: ReadonlyMap<bigint, IommuDomain>;
}

const indices = new WeakMap<IommuState, Index>();

function indexOf(state: IommuState): Index {
  const found = indices.get(state) ?? createIndex(state);
  indices.set(state, found);
  return found;
}

function createIndex(state: IommuState): Index {
  const devices = state.devices.items.filter(({ deleted }) => !deleted);
  const domains = state.domains.items.filter(({ deleted }) => !deleted);
  return {
    devices,
    byUnit: grouped(devices, ({ unit }) => unit),
    byDomain: grouped(devices, ({ domain }) => domain),
    domains: new Map(domains.map((domain) => [domain.address, domain])),
  };
}

/** The live domain whose record has an address. */
export function liveDomainAt(state: IommuState, address: bigint): IommuDomain | undefined {
  return indexOf(state).domains.get(address);
}

/** Follows a device below a recorded unit, by its own function number. */
export function recordedPath(
  memory: PhysicalMemory,
  rtaddr: bigint,
  mode: UnitMode,
  bdf: number,
): DevicePath {
  const settings = sameSettings({ ...DEFAULT_SETTINGS, mode });
  return devicePath({ memory, rtaddr, settings }, (bdf >> 8) & 0xff, bdf & 0xff);
}

/** The top tables that a path leads to, as physical byte addresses. */
export function pathRoots({ translation }: DevicePath): number[] {
  if (translation === undefined) return [];
  return [
    ...('first' in translation ? [translation.first.address] : []),
    ...('second' in translation ? [translation.second.address] : []),
  ];
}

/**
 * The Intel units of a state that are in use and have a root table that could be one, but for those whose mode only
 * devices would tell that the dump does not hold.
 *
 * @param memory without it only the records tell the mode
 */
export function recordedUnits(
  state: IommuState,
  memory: PhysicalMemory | undefined,
): readonly RecordedUnit[] {
  const known = recorded.get(state);
  if (known !== undefined && known.memory === memory) return known.units;
  const units = findUnits(state, memory);
  recorded.set(state, { memory, units });
  return units;
}

const recorded = new WeakMap<
  IommuState,
  { readonly memory: PhysicalMemory | undefined; readonly units: readonly RecordedUnit[] }
>();

function findUnits(state: IommuState, memory: PhysicalMemory | undefined): RecordedUnit[] {
  const found = state.units.items.flatMap((unit) => {
    if (unit.deleted || unit.type !== IOMMU_TYPE.intel || unit.intel === undefined) return [];
    const root = unit.intel.rootTable & PAGE_MASK;
    if (root === 0n || root >= 1n << 52n) return [];
    return [{ unit, root, told: modeOf(state, unit, root, memory) }];
  });
  // Linux decides for all units of a machine alike (intel_iommu=sm_on), where each can.
  const known = new Set(found.flatMap(({ told }) => told?.mode ?? []));
  const [others] = known.size === 1 ? known : [];
  // Devices that the dump does not hold may have PASID directories: entries of the other mode make no sense.
  const decided = state.devices.missing === undefined || others !== undefined;
  const readable = found.filter(({ told }) => decided || told !== undefined);
  return readable.map(({ unit, root, told }) => {
    const { mode, why } =
      told ??
      (others === undefined
        ? ({ mode: 'legacy', why: 'no PASID directory' } as const)
        : { mode: others, why: 'the other units' });
    const base = unit.intel?.regBase ?? unit.token;
    return {
      unit,
      name: `unit ${hex(base)}`,
      rtaddr: mode === 'scalable' ? root | SCALABLE : root,
      mode,
      why,
    };
  });
}

interface Told {
  readonly mode: UnitMode;
  readonly why: string;
}

function modeOf(
  state: IommuState,
  unit: IommuUnit,
  root: bigint,
  memory: PhysicalMemory | undefined,
): Told | undefined {
  const devices = liveDevices(state, { unit: unit.address });
  return (
    modeByPaths(state, devices, root, memory) ??
    modeByRecords(unit, devices) ??
    modeByRoot(root, memory) ??
    (devices.length > 0 ? { mode: 'legacy', why: 'no device has a PASID directory' } : undefined)
  );
}

/** The mode in which more of the devices are led to the top table of their domain. */
function modeByPaths(
  state: IommuState,
  devices: readonly IommuDevice[],
  root: bigint,
  memory: PhysicalMemory | undefined,
): Told | undefined {
  if (memory === undefined) return undefined;
  const agreeing = (mode: UnitMode): number =>
    devices.filter((device) => {
      const top = liveDomainAt(state, device.domain)?.topTable;
      if (top === undefined) return false;
      const path = recordedPath(memory, mode === 'scalable' ? root | SCALABLE : root, mode, device.bdf);
      return pathRoots(path).some((address) => BigInt(address) === top);
    }).length;
  const legacy = agreeing('legacy');
  const scalable = agreeing('scalable');
  if (legacy === scalable) return undefined;
  return legacy > scalable
    ? { mode: 'legacy', why: 'context entries lead to the top tables of domains' }
    : { mode: 'scalable', why: 'PASID entries lead to the top tables of domains' };
}

function modeByRecords({ intel }: IommuUnit, devices: readonly IommuDevice[]): Told | undefined {
  const pasids = devices.some(
    (device) =>
      device.intel !== undefined && (device.intel.pasidTable !== 0n || device.intel.maxPasid !== 0n),
  );
  if (pasids) return { mode: 'scalable', why: 'devices have a PASID directory' };
  // Odd bits are of context tables for devfn 0x80 on, which legacy mode does not have.
  const odd = intel?.contextTables?.some((word) => (word & 0xaaaa_aaaa_aaaa_aaaan) !== 0n);
  return odd === true ? { mode: 'scalable', why: 'it has context tables for half a bus' } : undefined;
}

function modeByRoot(root: bigint, memory: PhysicalMemory | undefined): Told | undefined {
  const bytes = memory === undefined ? undefined : readBytes(memory, root, BUSES * ROOT_ENTRY_SIZE);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let bus = 0; bus < BUSES; bus++)
    if (readScalableRootEntry(view, bus * ROOT_ENTRY_SIZE).up === 1)
      return { mode: 'scalable', why: 'root entries have an upper half' };
  return undefined;
}
