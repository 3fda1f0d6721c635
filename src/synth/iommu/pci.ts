/** The PCI state: devices, and the bridges above them in the forms that list these (upstream 4.3). */

import { orderOf } from '../../memory/blocks.js';
import { hex } from '../../schema/units.js';
import { blockCapacity } from '../../structures/blocks.js';
import type { StructureForm } from '../../structures/structure.js';
import { bdfText } from '../../structures/values.js';
import { hasKey, type Json, structureDocument } from '../document.js';
import { layBlocks, type Space } from '../space.js';
import { listOf } from './forms.js';
import type { Endpoint, Place } from './topology.js';

/** Room for devices that come later, in the forms of fixed size. */
const SPARE = 8;

/** Lays out the state for devices in the order in which they were preserved. */
export function layPci(space: Space, form: StructureForm, devices: readonly Endpoint[]): Json {
  const { element } = listOf(form, 'devices');
  const each = element.record.size ?? 0;
  // The first forms have no count of users, and list devices only.
  const entries = hasKey(element, 'refcount') ? withBridges(devices) : sorted(devices);
  const values = { nrDevices: entries.length, maxNrDevices: entries.length + SPARE, devices: entries };
  if (form.root.follows !== undefined) {
    const bytes = (form.root.record.size ?? 0) + each * values.maxNrDevices;
    const order = orderOf(bytes, space.pageSize);
    return structureDocument(form, { address: hex(space.keep(order)), ...values });
  }
  const devicesPages = layBlocks(space, entries.length, blockCapacity(space.pageSize, each));
  return structureDocument(form, {
    address: hex(space.keep(0)),
    devicesAddress: devicesPages[0]?.address,
    devicesPages,
    ...values,
  });
}

function sorted(devices: readonly Endpoint[]): Json[] {
  return [...devices]
    .sort((a, b) => a.segment - b.segment || a.bus - b.bus || a.devfn - b.devfn)
    .map(({ segment, bus, devfn }) => ({ segment, bdf: bdfText((bus << 8) | devfn) }));
}

/** An entry for each device, and where they are met first its bridges upward; a bridge counts the devices below it. */
function withBridges(devices: readonly Endpoint[]): Json[] {
  const entries = new Map<string, { segment: number; bdf: string | undefined; refcount: number }>();
  for (const device of devices) {
    const path: readonly Place[] = [device, ...device.above];
    for (const { segment, bus, devfn } of path) {
      const key = `${segment} ${bus} ${devfn}`;
      const known = entries.get(key);
      if (known !== undefined) known.refcount++;
      else entries.set(key, { segment, bdf: bdfText((bus << 8) | devfn), refcount: 1 });
    }
  }
  return [...entries.values()];
}
