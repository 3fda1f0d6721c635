/** What a dump of the 2024 series shall hold: plain data, every value of which gives a consistent dump. */

import type { RFC } from '../versions/generations.js';

/** One map call. Values that do not fit are brought into range by the layout. */
export interface AreaPlan {
  /** Unmapped pages before it. */
  readonly gap: number;
  /** First page of the file. */
  readonly offset: number;
  readonly pages: number;
  /** IOMMU_READ 1, IOMMU_WRITE 2, and IOMMU_CACHE 4 as the ioctl sets it. */
  readonly prot: number;
}

/** An IOAS; one with areas has a file of its own, which all of them map. */
export interface IoasPlan {
  /** Size of the file in 2 MiB blocks, 1 to 512. */
  readonly blocks: number;
  readonly areas: readonly AreaPlan[];
}

/** A device of a domain that is to be made. */
export interface DevicePlan {
  readonly bus: number;
  /** Device in bits 7:3, function in bits 2:0. */
  readonly devfn: number;
}

/** A persistent iommufd; it has a domain if it has areas. */
export interface IommufdPlan {
  readonly persistentId: number;
  /** 1 to 3. */
  readonly agaw: number;
  /** At least one; each in one domain only. */
  readonly devices: readonly DevicePlan[];
  readonly ioases: readonly IoasPlan[];
}

/** A handover of the 2024 series that is to be made, field by field. */
export interface RfcPlan {
  readonly abi: typeof RFC;
  /** `uname -r` of the kernel. */
  readonly release: string;
  /** Picks one layout of many; 0 is the plain one. */
  readonly key: number;
  /** 0: blocks in order and large leaves; 1: blocks scattered and 4 KiB leaves. */
  readonly fragmentation: number;
  /** Patch 13: IOASes carry pinned-file-handle, and files count pins. */
  readonly handles: boolean;
  /** The first one has the persistent id 1. */
  readonly iommufds: readonly IommufdPlan[];
  /** Sizes in blocks of files that are not mapped. */
  readonly spareFiles: readonly number[];
  /** Prefixes of file names, used in turn. */
  readonly names: readonly string[];
  /** Blocks of the region that no file uses, at least 1. */
  readonly freeBlocks: number;
  readonly largePages: { readonly size2M: boolean; readonly size1G: boolean };
  /** Distance of table pages, in pages; 1 for dumps that are large. */
  readonly stride: number;
  readonly ftraceCpus: number;
  /** Whether root and context tables of a VT-d unit are in the memory. */
  readonly contextTables: boolean;
}
