/**
 * The typed model of a handover: what decode produces and encode, validate and report consume.
 * Field names follow the kernel's; fields of 64 bits are bigint, everything narrower is number
 * (src/records holds the records themselves, generated from formats/).
 */

import type { FdtTree } from '../fdt/parse.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { GuestmemfsInode, GuestmemfsSb, MappingInode } from '../records/guestmemfs.js';
import type { KhoDataRfc2024, KhoMem } from '../records/kho.js';
import type { KhoData } from '../records/kho_root.js';
import type { IommuState } from '../structures/iommu/model.js';
import type { PciState } from '../structures/pci/model.js';
import type { PstoreState } from '../structures/pstore/model.js';
import type { Generation } from '../versions/generations.js';
import type { Missing, ReusedMemory } from './missing.js';
import type { AddressRange, Origin } from './origin.js';
import type { RecordView } from './record-view.js';
import type {
  DraftRecord,
  KexecMetadata,
  KhoTest,
  Luo,
  Memblock,
  PreservedMap,
  PreservedPages,
  TakenOver,
  UnrestoredBlocks,
} from './upstream/model.js';

export { GENERATIONS, type Generation } from '../versions/generations.js';
export type { AddressRange, Origin } from './origin.js';

/** Which of two forms that share a version string a dump has, where its bytes do not tell. */
export const FORMS = ['bitmap-512', 'bitmap-page', 'radix-4-levels'] as const;
/**
 * - `bitmap-512`: kho-v1 of 6.16 and 6.17; `bitmap-page`: kho-v1 of 6.18 to 7.0;
 * - `radix-4-levels`: kho-v3 of 7.1-rc1 to -rc5 with 16 KiB pages.
 */
export type Form = (typeof FORMS)[number];

/** What a devicetree blob is: the root tree, the blob of one subsystem, or a machine's boot tree. */
export type DumpKind = 'handover' | 'rider' | 'boot-fdt' | 'unknown';

/** Where something is; what is unknown is left out. Addresses are physical, in bytes. */
export interface Location {
  readonly fdtPath?: string;
  readonly property?: string;
  /** The kernel's name, e.g. `guestmemfs_inode.num_mappings`. */
  readonly field?: string;
  readonly address?: bigint;
  readonly iova?: bigint;
  /** Exclusive. */
  readonly iovaEnd?: bigint;
  readonly fileOffset?: bigint;
  readonly bits?: string;
}

/** Something that decoding could not make sense of. The model holds what was read nevertheless. */
export interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly location: Location;
}

/** One `<n>` node below an IOAS (drivers/iommu/iommufd/serialise.c of the RFC). */
export interface IoasArea {
  index?: number;
  nodeName?: string;
  iovaStart?: bigint;
  iovaLen?: bigint;
  iommuProt?: number;
  origin?: Origin;
}

/** An I/O address space of an iommufd, 2024 series. */
export interface Ioas {
  id?: number;
  nodeName?: string;
  /** Inode number of the guestmemfs file that the last map pinned; RFC patch 13 on. */
  pinnedFileHandle?: bigint;
  areas: IoasArea[];
  origin?: Origin;
}

/** An iommufd that was handed over, 2024 series. */
export interface Iommufd {
  persistentId?: bigint;
  nodeName?: string;
  /** Absent when the `ioases` container is missing. */
  ioases?: Ioas[];
  origin?: Origin;
}

/** A device that is attached to a domain, 2024 series. */
export interface DomainDevice {
  index?: number;
  nodeName?: string;
  bus?: number;
  devfn?: number;
  origin?: Origin;
}

/** One `dmar_domain` (drivers/iommu/intel/serialise.c of the RFC). */
export interface Domain {
  persistentId?: bigint;
  nodeName?: string;
  mem?: RecordView<KhoMem>;
  /** Physical address of the top page-table page. */
  pgd?: bigint;
  /** Levels minus 2. */
  agaw?: number;
  devices?: DomainDevice[];
  origin?: Origin;
}

/** A file of guestmemfs as the inode table has it. */
export interface GuestmemfsFile {
  readonly name: Uint8Array;
  /** 1-based inode number; the table's index plus 1. */
  readonly ino: number;
  readonly flags: number;
  readonly siblingIno: bigint;
  readonly childIno: bigint;
  /** Virtual address of the mapping page in the old kernel. */
  readonly mappings: bigint;
  readonly padding4?: Uint8Array;
  readonly padding279?: Uint8Array;
  readonly numMappings: number;
  readonly longTermPins: number;
  /** Physical address of its mapping page, where mappings_to_inode names the inode. */
  readonly mappingPage?: bigint;
  /** Block numbers, the first min(num_mappings, 512) entries of the mapping page. */
  readonly blocks?: BigUint64Array;
  /** Physical ranges in file order, adjacent blocks merged; blocks beyond the region are left out. */
  readonly extents: readonly AddressRange[];
  readonly origin: Origin;
}

/** What was read from the memory of `/guestmemfs`; each part is absent when its bytes are. */
export interface GuestmemfsState {
  superblock?: GuestmemfsSb;
  /** Element i is inode number i + 1. */
  inodes?: RecordView<GuestmemfsInode>;
  /** Element j is the inode number of record j of mappings_blocks. */
  index?: RecordView<MappingInode>;
}

/** The `/guestmemfs` node (fs/guestmemfs/serialise.c) and, with memory, its files. */
export interface Guestmemfs {
  fsMem?: KhoMem;
  superblock?: RecordView<KhoMem>;
  mappingsBlocks?: RecordView<KhoMem>;
  mappingsToInode?: KhoMem;
  numInodes?: bigint;
  /** Absent when the memory of the blob is absent. */
  files?: readonly GuestmemfsFile[];
  state?: GuestmemfsState;
  origin?: Origin;
}

/** The pages of one CPU's ring buffer, 2024 series. */
export interface FtraceCpu {
  /** From the node name `cpu<hex>`. */
  id?: number;
  nodeName?: string;
  cpu?: number;
  mem?: RecordView<KhoMem>;
  origin?: Origin;
}

/** The `/ftrace` node (KHO v3, kernel/trace). */
export interface Ftrace {
  events?: RecordView<{ fingerprint: number; type: number }>;
  globalTrace?: { traceFlags?: number; cpus: FtraceCpu[]; origin?: Origin };
  origin?: Origin;
}

/** A child of an upstream root tree: one subsystem's blob. */
export interface Subtree {
  name?: string;
  /** Physical address of the blob. */
  address?: bigint;
  /** Bytes; kho-v3 on. */
  size?: bigint;
  /** The blob as memory holds it; absent when it is absent, or too large to be kept (then only typed parts tell of it). */
  blob?: Uint8Array;
  /** The blob as a tree, where it is one. */
  tree?: FdtTree;
  /** False when nothing here knows its contents. */
  known?: boolean;
  draft?: DraftRecord;
  readonly pstore?: PstoreState;
  origin?: Origin;
}

/** The x86 setup_data element of type 10 that leads to a handover (arch/x86/kernel/setup.c, add_kho). */
export interface SetupDataKho {
  /** Physical address of the boot_params page. */
  readonly bootParams: bigint;
  /** Physical address of the list element. */
  readonly element: bigint;
  /** Payload bytes as the element claims. */
  readonly len: number;
  /** The payload when it has the length of the 2024 series. */
  readonly rfc2024?: KhoDataRfc2024;
  /** The payload when it has the length of Linux 6.16 and later. */
  readonly khoData?: KhoData;
  /** The payload's first field in every generation: physical address of the root tree. */
  readonly fdtAddress: bigint;
}

/** What names the root tree: the boot protocol's list, the device tree that the next kernel is booted with, or the user. */
export type EntryKind = 'setup_data' | '/chosen' | '--fdt-addr';

/** A place that is named as the root tree's and where no root tree can be read. */
export interface BrokenEntry {
  readonly how: EntryKind;
  /** Physical address as named. */
  readonly address: bigint;
  /**
   * - `absent`: the dump does not hold that memory;
   * - `impossible`: no memory can be there, or the kernel refuses the address itself;
   * - `unreadable`: the bytes are there, and are not a root tree.
   */
  readonly state: 'absent' | 'impossible' | 'unreadable';
  /** Addresses of complete root trees elsewhere in the dump. */
  readonly others: readonly bigint[];
  /** Set where the way to the tree breaks off before it: no element of the list names it. */
  readonly list?: BrokenList;
}

/** A setup_data list that leads to no handover, as it does not end as lists do. */
export interface BrokenList {
  /** Physical address of the boot_params that head it. */
  readonly bootParams: bigint;
  /** Where it breaks off: the address of an element. */
  readonly element: bigint;
  /**
   * - `absent`: the dump does not hold the element;
   * - `impossible`: no memory can be there;
   * - `endless`: the list leads back to that element.
   */
  readonly ends: 'absent' | 'impossible' | 'endless';
}

/** Something that the loader has put into memory for the next kernel. */
export interface ImagePart {
  /** For people, e.g. `the initrd`. */
  readonly what: string;
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  /** The kernel's name of the field that is first. */
  readonly field?: string;
  /** Physical address of the field that names it. */
  readonly namedAt?: bigint;
  /** True where it may be a copy that a kernel has made in its own memory. */
  readonly copied?: boolean;
}

/** Everything that one dump says. Absent parts are left out. */
export interface Handover {
  readonly kind: DumpKind;
  readonly generation?: Generation;
  /** Bytes. */
  readonly pageSize: number;
  readonly diagnostics: Diagnostic[];
  /** How the page size was decided, where it was not given. */
  readonly pageSizeReason?: string;
  readonly tree?: FdtTree;
  /** `tree` with the property names that a truncated copy has lost: same tokens, another strings block. */
  readonly namedTree?: FdtTree;
  /** Physical address of the blob, when it was read from memory. */
  readonly fdtAddress?: bigint;
  /** What is kept, page-rounded and merged, ascending; upstream with the blocks of the map. */
  preserved?: { readonly ranges: Iterable<AddressRange>; readonly pages?: PreservedPages };
  setupData?: SetupDataKho;
  /** What the loader has put into memory, of the entry that names this tree. */
  image?: readonly ImagePart[];
  /** What names the tree, where no root tree can be read there. */
  readonly brokenEntry?: BrokenEntry;
  /** True where the blob is taken for a root tree by its place, its words or the user's, and its root does not tell what it is. */
  readonly unreadableRoot?: true;
  /** Elements of type 10 in whose scratch the tree is and that lead to no tree, where none leads to one. */
  strayElements?: readonly SetupDataKho[];
  scratch?: readonly AddressRange[];
  memCache?: RecordView<KhoMem>;
  /** Property of the root node: physical address of the map. */
  preservedMemoryMap?: bigint;
  preservedMap?: PreservedMap;
  subtrees?: Subtree[];
  iommufds?: Iommufd[];
  domains?: Domain[];
  guestmemfs?: Guestmemfs;
  ftrace?: Ftrace;
  memblock?: Memblock;
  luo?: Luo;
  /** IOMMU state that an FLB of LUO holds. */
  iommu?: IommuState;
  /** PCI devices that an FLB of LUO holds. */
  pci?: PciState;
  kexecMetadata?: KexecMetadata;
  /** Release that the dump itself names (VMCOREINFO, kdump header), where it is not the taking kernel's. */
  writerRelease?: string;
  khoTest?: KhoTest;
  /** The kernel of the dump has taken this tree over: map, LUO and kho_test are consumed, and not in the model. */
  readonly takenOver?: TakenOver;
  /** What the kernel of the dump, which was handed this tree or prepares it, has not restored of what it was handed. */
  unrestored?(): UnrestoredBlocks;
  /** What of its own records the dump does not hold; empty or left out where all is there. */
  missing?: Missing[];
  /** What memory has there that is not what the handover says; left out where there is no such thing. */
  reused?: ReusedMemory;
  /** The memory of the blob, if any was given; zero where it is `reused`. */
  readonly memory?: PhysicalMemory;
}
