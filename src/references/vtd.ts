/** The structures of a remapping unit: root, context, PASID directory and PASID table entries that are in use. */
import type { PhysicalMemory } from '../memory/physical.js';
import { PASID_DIR_ENTRY_SIZE, type ScalableContextEntry, scalableContextEntry } from '../records/vtd.js';
import type { VtdSettings } from '../schema/settings.js';
import { type EntryOwner, listDevices } from '../vtd/context/list.js';
import {
  type DevicePath,
  type DeviceStep,
  directoryEntries,
  type StructureKind,
} from '../vtd/context/path.js';
import { pageAddress } from '../vtd/context/structure.js';
import { functionText } from '../vtd/device-id.js';
import type { ReferenceSink } from './sink.js';

/** A unit and where its tables begin. */
export interface UnitInstance {
  /** The kernel's name, e.g. `dmar0`. */
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
  /** The one function that is wanted. */
  readonly device?: { readonly bus: number; readonly devfn: number };
}

const NAMES: Readonly<Record<StructureKind, string>> = {
  'root-entry': 'root entry',
  'context-entry': 'context entry',
  'pasid-directory-entry': 'PASID directory entry',
  'pasid-entry': 'PASID entry',
};
const PAGE = 4096;
/** Entries of PASID directories and tables that are looked at: as many as one directory of 2^15 PASIDs has. */
const PASID_BUDGET = 2 ** 16;

/**
 * Adds what the devices of a unit lead to; each entry once, though several devices may go through it.
 *
 * @param index of the unit among those that were given; undefined for one that the handover names itself
 * @param limit most entries of one kind
 */
export function addUnit(
  sink: ReferenceSink,
  unit: UnitInstance,
  index: number | undefined,
  memory: PhysicalMemory,
  limit: number,
): void {
  const taken = new Set<number>();
  const pages = new Set<number>();
  const counts = new Map<StructureKind, number>();
  const add = (owner: EntryOwner, { kind, address, structure }: DeviceStep): void => {
    if (structure === undefined || taken.has(address) || !isWanted(unit, owner, kind)) return;
    taken.add(address);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count > limit) return;
    const what = `${unit.name}: ${NAMES[kind]} of ${placeOf(owner, kind)}`;
    sink.record(structure.type, address, what, {
      list: `${NAMES[kind]} of ${unit.name}`,
      ...(index === undefined ? {} : { unit: index }),
    });
    const page = address - (address % PAGE);
    if (pages.has(page)) return;
    pages.add(page);
    sink.page({
      address: page,
      length: PAGE,
      chain: `structures of ${unit.name}`,
      what: `the page of the ${what}`,
    });
  };
  // A valid entry counts whatever is where it leads: of a table that the dump does not hold it is all that tells.
  const onEntry = (owner: EntryOwner, step: DeviceStep): void => {
    if (step.verdict === 'present') add(owner, step);
  };
  for (const path of listDevices({ ...unit, memory }, { ...boundOf(limit), onEntry }))
    for (const step of path.steps) add(path, step);
}

function boundOf(limit: number) {
  return Number.isFinite(limit) ? { pasidBudget: PASID_BUDGET } : {};
}

/** Whether an entry is on the way to the function that is asked for: a root entry is on that of all of its bus. */
function isWanted({ device }: UnitInstance, { bus, devfn }: EntryOwner, kind: StructureKind): boolean {
  if (device === undefined) return true;
  return bus === device.bus && (kind === 'root-entry' || devfn === device.devfn);
}

/** The functions of a unit, with the entries that lead to each. */
export function* unitPaths(
  { device, rtaddr, settings }: UnitInstance,
  memory: PhysicalMemory,
  limit = Number.POSITIVE_INFINITY,
): Generator<DevicePath> {
  for (const path of listDevices({ rtaddr, settings, memory }, boundOf(limit)))
    if (device === undefined || (path.bus === device.bus && path.devfn === device.devfn)) yield path;
}

/** Tells the pages of PASID directories: an entry that is not in use has its place too. */
export function addDirectories(sink: ReferenceSink, unit: UnitInstance, memory: PhysicalMemory): void {
  const directories = new Set<number>();
  for (const { steps } of unitPaths(unit, memory)) {
    for (const { structure } of steps) {
      if (structure?.type.name !== scalableContextEntry.name) continue;
      const entry = structure.value as ScalableContextEntry;
      const directory = pageAddress(entry.pasiddirptr);
      if (directories.has(directory)) continue;
      directories.add(directory);
      const length = Math.ceil((directoryEntries(entry) * PASID_DIR_ENTRY_SIZE) / PAGE) * PAGE;
      const what = `a PASID directory of ${unit.name}`;
      for (let at = 0; at < length; at += PAGE)
        sink.page({
          ...{ address: directory + at, length: PAGE, what },
          chain: `PASID directories of ${unit.name}`,
        });
    }
  }
}

function placeOf({ bus, devfn, pasid }: EntryOwner, kind: StructureKind): string {
  if (kind === 'root-entry') return `bus ${bus.toString(16).padStart(2, '0')}`;
  const name = functionText(bus, devfn);
  return kind === 'pasid-entry' && pasid !== undefined ? `${name} PASID 0x${pasid.toString(16)}` : name;
}
