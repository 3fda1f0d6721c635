/** `data` of a LUO file whose handler is guest_memfd_luo_v1 (upstream 4.9). */
import type { FolioList } from '../folios.js';
import type { StructureModel } from '../model.js';

export interface GuestMemfdState extends StructureModel, FolioList {
  readonly size: bigint;
  /** As stored; bit 0 and 1 are `mmap` and `initShared`. */
  readonly flags: bigint;
  readonly mmap: boolean;
  readonly initShared: boolean;
  readonly nrFolios: bigint;
  /** LUO token of the virtual machine. */
  readonly vmToken: bigint;
}
