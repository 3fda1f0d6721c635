/** The global state `pci` of LUO and its earlier forms (upstream 4.3). */
import type { Element, StructureList, StructureModel } from '../model.js';

/** A device or, in version 2, a bridge above one. */
export interface PciDevice extends Element {
  /** PCI segment. */
  readonly segment: number;
  /** Bus << 8 | devfn. */
  readonly bdf: number;
  /** 0 for a free entry; devices at or below in version 2 and pci-v3, else 1. Not in pci-v1. */
  readonly refcount?: number;
}

export interface PciState extends StructureModel {
  /** Version of the record; `pci` only. */
  readonly version?: number;
  /** Devices there are, as stored. */
  readonly nrDevices: bigint;
  /** Devices there is room for, as stored; pci-v1 to pci-v3. */
  readonly maxNrDevices?: bigint;
  /** Address of the first block; `pci` only. */
  readonly devicesAddress?: bigint;
  readonly devices: StructureList<PciDevice>;
}
