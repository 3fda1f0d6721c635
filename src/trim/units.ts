/** The structures of remapping units, entry by entry: what is in the tables that the registers lead to. */
import type { PhysicalMemory } from '../memory/physical.js';
import { PASID_DIR_ENTRY_SIZE, type ScalableContextEntry, scalableContextEntry } from '../records/vtd.js';
import { listDevices } from '../vtd/context/list.js';
import { directoryEntries, type UnitTables } from '../vtd/context/path.js';
import { pageAddress } from '../vtd/context/structure.js';
import { rootPointer } from '../vtd/registers.js';
import type { TrimParts } from './parts.js';

const PAGE = 4096;

/** Keeps entries in use; the rest of their tables is zero, as it is where nothing was written. */
export function collectUnits(
  units: readonly Omit<UnitTables, 'memory'>[],
  memory: PhysicalMemory,
  { records, zeroed }: TrimParts,
): void {
  for (const unit of units) {
    zeroed.add(rootPointer(unit.rtaddr).address, PAGE);
    for (const { steps } of listDevices({ ...unit, memory })) {
      for (const { address, structure } of steps) {
        if (structure === undefined) continue;
        records.add(address, structure.type.size ?? 0);
        zeroed.add(address - (address % PAGE), PAGE);
        if (structure.type.name !== scalableContextEntry.name) continue;
        const context = structure.value as ScalableContextEntry;
        zeroed.add(pageAddress(context.pasiddirptr), directoryEntries(context) * PASID_DIR_ENTRY_SIZE);
      }
    }
  }
}
