/** The models of structures by their keys, and their parts, for code that knows which it is about. */
import type { GuestMemfdState } from './guest-memfd/model.js';
import type { HugeMemfdState, HugetlbState } from './hugetlb/model.js';
import type { IommuState } from './iommu/model.js';
import type { IommufdState } from './iommufd/model.js';
import type { KvmVcpuState, KvmVmState } from './kvm/model.js';
import type { Memfd } from './memfd/model.js';
import type { PciState } from './pci/model.js';
import type { VfioPciState } from './vfio/model.js';

export type { Memfd } from './memfd/model.js';

/** What the handlers of files have of a file, by its `compatible`; one at most. */
export interface FileStructures {
  readonly memfd?: Memfd;
  readonly iommufd?: IommufdState;
  readonly vfioPci?: VfioPciState;
  readonly hugeMemfd?: HugeMemfdState;
  readonly guestMemfd?: GuestMemfdState;
  readonly kvmVm?: KvmVmState;
  readonly kvmVcpu?: KvmVcpuState;
}

/** What the owners of FLBs have of them; a state that is at the top of the model is not here. */
export interface FlbStructures {
  readonly iommu?: IommuState;
  readonly pci?: PciState;
  readonly hugetlb?: HugetlbState;
}

/** Parts of a handover that structures of releases are, for what of them is not in a dump. */
export const RELEASED_PARTS = ['memfd'] as const;

/** Lists of the orchestrator. */
export const LIST_PARTS = ['sessions', 'files', 'flbs'] as const;

/** Those of drafts; `draft` is every one that has no part of its own. */
export const STRUCTURE_PARTS = ['iommu', 'iommufd', 'vfio', 'pci', 'draft'] as const;

/** Nodes of the 2024 series as places of differences, and what names one, or an entry of what it leads to, there. */
export type NodePart = 'ftrace' | 'domain' | 'guestmemfs' | 'iommufd';
export type NodeKey = 'iommufd' | 'ioas' | 'area' | 'domain' | 'bus' | 'devfn' | 'cpu' | 'file';

/** Structures in memory that nodes of a tree lead to. */
export const TREE_PARTS = ['guestmemfs'] as const;

/** A part of the model that structures of files and FLBs make up. */
export type StructurePart = (typeof RELEASED_PARTS | typeof STRUCTURE_PARTS)[number];
