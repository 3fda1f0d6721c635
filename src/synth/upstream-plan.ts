/** What an upstream handover (Linux 6.16 on) shall hold: plain data, every value of which gives a healthy dump. */
import type { LuoVersion } from '../abi/upstream/model.js';
import type { UpstreamGeneration } from '../structures/root/tree.js';
import type { KhoTestForm, MapForm } from '../versions/table.js';

/** A file of guest memory. */
export interface FilePlan {
  /** Unique in its session. */
  readonly token: bigint;
  /** Bytes of the file; its last page may be partly used. */
  readonly size: bigint;
  readonly pos: bigint;
  /** F_SEAL bits, 0 to 0x3f; 0 where its handler has no seals. */
  readonly seals: number;
  /** Fraction of the 2 MiB units that were never written, 0 to 1: the kernel fills them with single pages, which are listed. */
  readonly holes: number;
}

/** A LUO session that is to be made. */
export interface SessionPlan {
  /** 1 to 63 bytes, unique. */
  readonly name: string;
  readonly files: readonly FilePlan[];
}

/** An FLB of the kernel's own test: the only ones that a release has. */
export interface FlbPlan {
  readonly name: string;
  readonly data: bigint;
  /** Files that depend on it, at least 1. */
  readonly count: bigint;
}

/** An IOMMU state of the series of 2026: a draft. */
export interface IommuPlan {
  /** Domains in use, at least 1, dealt to the sessions that have files. */
  readonly domains: number;
  /** Of these, those that no device is attached to: the last ones of each session. */
  readonly unattached: number;
  /** Devices of each of the others. */
  readonly devices: number;
  /** Remapping units that the devices are below; without a device none is handed over. */
  readonly units: number;
  /** Domains and devices that were deleted and keep their places; with any, each unit was too, and preserved again. */
  readonly deleted: number;
  readonly stage: IommuStage;
  /** Levels of the page tables, 3 to 5; 4 or 5 of the first stage. */
  readonly levels: number;
  /** Largest leaf; smaller ones are beside it. */
  readonly leaves: LeafSize;
  /** Page walks of the units snoop. */
  readonly coherent: boolean;
}

/** Legacy mode, and the stages of scalable mode. */
export const IOMMU_STAGES = ['legacy', 'first', 'second'] as const;
/** Legacy mode, or the stage in scalable mode. */
export type IommuStage = (typeof IOMMU_STAGES)[number];

/** Sizes of leaves, small to large. */
export const LEAF_SIZES = ['4k', '2m', '1g'] as const;
/** Size of the largest leaves. */
export type LeafSize = (typeof LEAF_SIZES)[number];

/** What LUO has in a handover that is to be made. */
export interface LuoPlan {
  readonly version: LuoVersion;
  /** Of all files of guest memory, with its version. */
  readonly handler: string;
  /** luo-v1: whether the node luo-flb is written (7.0 on). */
  readonly flbPage: boolean;
  readonly liveupdateNumber: bigint;
  readonly sessions: readonly SessionPlan[];
  readonly flbs: readonly FlbPlan[];
}

/** A region of the command line's reserve_mem. */
export interface ReservePlan {
  /** 1 to 15 characters. */
  readonly name: string;
  readonly pages: number;
  /** log2 of the alignment in pages. */
  readonly align: number;
}

/** A handover of kho-v1 to kho-v4 that is to be made, field by field. */
export interface UpstreamPlan {
  readonly abi: UpstreamGeneration;
  /** `uname -r` of the kernels. */
  readonly release: string;
  /** Bytes: 4096 (x86-64), 16384 or 65536 (arm64). */
  readonly pageSize: number;
  readonly map: MapForm;
  /** The root tree is edited in place (6.19 on). */
  readonly editedTree: boolean;
  /** Picks one layout of many. */
  readonly key: number;
  /** 0: large folios in order; 1: single pages, scattered. */
  readonly fragmentation: number;
  readonly luo?: LuoPlan;
  /** Goes with files that are sealed. */
  readonly iommu?: IommuPlan;
  /** Further structures by the ids of their forms, with values from the key. */
  readonly more?: readonly string[];
  /** At most 8. */
  readonly reserveMem: readonly ReservePlan[];
  /** kexec-metadata, kho-v3 on. */
  readonly kexecCount?: number;
  /** Orders of the folios of kho_test. */
  readonly khoTest?: { readonly form: KhoTestForm; readonly orders: readonly number[] };
  /** Regions beside the low and the global one. */
  readonly scratchNodes: number;
}
