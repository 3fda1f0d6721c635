/** The structures of a remapping unit: root, context, PASID directory and PASID table entries that are in use. */
import type { PhysicalMemory } from '../memory/physical.js';
import type { VtdSettings } from '../schema/settings.js';
import { listDevices } from '../vtd/context/list.js';
import type { DevicePath, StructureKind } from '../vtd/context/path.js';
import { functionText } from '../vtd/device-id.js';
import type { ReferenceSink } from './sink.js';

/** A unit and where its tables begin. */
export interface UnitInstance {
  /** The kernel's name, e.g. `dmar0`. */
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
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
  for (const path of listDevices(
    { ...unit, memory },
    Number.isFinite(limit) ? { pasidBudget: PASID_BUDGET } : {},
  )) {
    for (const { kind, address, structure } of path.steps) {
      if (structure === undefined || taken.has(address)) continue;
      taken.add(address);
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      if (count > limit) continue;
      const what = `${unit.name}: ${NAMES[kind]} of ${placeOf(path, kind)}`;
      sink.record(structure.type, address, what, {
        list: `${NAMES[kind]} of ${unit.name}`,
        ...(index === undefined ? {} : { unit: index }),
      });
      const page = address - (address % PAGE);
      if (pages.has(page)) continue;
      pages.add(page);
      sink.page({
        address: page,
        length: PAGE,
        chain: `structures of ${unit.name}`,
        what: `the page of the ${what}`,
      });
    }
  }
}

function placeOf({ bus, devfn, pasid }: DevicePath, kind: StructureKind): string {
  if (kind === 'root-entry') return `bus ${bus.toString(16).padStart(2, '0')}`;
  const name = functionText(bus, devfn);
  return kind === 'pasid-entry' && pasid !== undefined ? `${name} PASID 0x${pasid.toString(16)}` : name;
}
