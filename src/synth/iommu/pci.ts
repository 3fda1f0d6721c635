/** The PCI state: devices, and the bridges above them in the forms that list these (upstream 4.3). */
import { pciDevSer, pciDevSerV1Wide, pciSerV1, pciSerV1Wide } from '../../records/draft_pci.js';
import { hex } from '../../schema/units.js';
import { bdfText } from '../../structures/values.js';
import type { Space } from '../space.js';
import type { IommuForms } from './forms.js';
import type { Json } from './laid.js';
import type { Endpoint, Place } from './topology.js';

/** Devices of a block. */
const BLOCK_HEAD = 16;
/** Room for devices that come later, in the forms of fixed size. */
const SPARE = 8;

/** Lays out the state for devices in the order in which they were preserved. */
export function layPci(
  space: Space,
  form: IommuForms['pci'],
  devices: readonly Endpoint[],
): Json & { readonly address: string } {
  if (form === 'pci-v1-wide') {
    const sorted = [...devices].sort((a, b) => a.segment - b.segment || a.bus - b.bus || a.devfn - b.devfn);
    const entries = sorted.map(({ segment, bus, devfn }) => ({ segment, bdf: bdfText((bus << 8) | devfn) }));
    return arrayJson(
      space,
      form,
      entries,
      (pciSerV1Wide.size ?? 0) + (pciDevSerV1Wide.size ?? 0) * (entries.length + SPARE),
    );
  }
  const entries = withBridges(devices);
  if (form === 'pci-v3')
    return arrayJson(
      space,
      form,
      entries,
      (pciSerV1.size ?? 0) + (pciDevSer.size ?? 0) * (entries.length + SPARE),
    );
  const capacity = Math.floor((space.pageSize - BLOCK_HEAD) / (pciDevSer.size ?? 1));
  const blocks = Array.from({ length: Math.max(1, Math.ceil(entries.length / capacity)) }, (_, i) => ({
    address: hex(space.keep(0)),
    count: hex(Math.min(capacity, entries.length - i * capacity)),
  }));
  return {
    form,
    address: hex(space.keep(0)),
    version: 2,
    nrDevices: entries.length,
    devicesAddress: blocks[0]?.address,
    devicesPages: blocks,
    devices: entries,
  };
}

function arrayJson(
  space: Space,
  form: string,
  devices: readonly Json[],
  bytes: number,
): Json & { readonly address: string } {
  const order = Math.max(0, Math.ceil(Math.log2(bytes / space.pageSize)));
  const most = devices.length + SPARE;
  return {
    form,
    address: hex(space.keep(order)),
    maxNrDevices: form === 'pci-v3' ? most : hex(most),
    devices,
  };
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
