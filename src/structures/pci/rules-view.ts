/** The PCI state as its rules see it. */

import type { Handover } from '../../abi/model.js';
import { type Held, heldOf } from '../../validate/structures/held.js';
import { pciText } from '../values.js';
import { WITH_BRIDGES } from './binding.js';
import type { PciDevice, PciState } from './model.js';

/** An entry that is in use. */
export interface PciEntry {
  readonly entry: PciDevice;
  /** Position in the list. */
  readonly index: number;
  /** `0000:00:03.0`. */
  readonly device: string;
}

export function pciStates(handover: Handover): readonly Held<PciState>[] {
  return heldOf<PciState>(handover, 'pci');
}

/** Entries that are no free slots, also those that only their refcount calls free (PCI-011). */
export function pciEntries(_handover: Handover, { model }: Held<PciState>): PciEntry[] {
  return model.devices.items.flatMap((entry, index) => {
    const { segment, bdf, refcount } = entry;
    if (refcount === 0 && segment === 0 && bdf === 0) return [];
    return [{ entry, index, device: pciText(segment, bdf) }];
  });
}

/** Whether refcounts count devices at or below, and bridges are listed. */
export function listsBridges({ form }: Held<PciState>): boolean {
  return WITH_BRIDGES.includes(form.id);
}
