/** `data` of a LUO file whose handler is vfio-pci-v1 or vfio-pci-v2 (upstream 4.4). */
import type { StructureModel } from '../model.js';

export interface VfioPciState extends StructureModel {
  /** PCI segment. */
  readonly segment: number;
  /** Bus << 8 | devfn. */
  readonly bdf: number;
  /** 0 or 1; not in the later form of vfio-pci-v1. */
  readonly resetWorks?: number;
  /** Token of the iommufd that the device is bound to; the iommufd variant of the first form. */
  readonly token?: bigint;
}
