/** The IOMMU state that LUO hands over (upstream 4.5): units, domains and devices, in whatever form they were written. */
import type { Element, StructureList, StructureModel } from '../model.js';

/** What every object begins with. */
export interface IommuObject extends Element {
  /** Users, as stored. */
  readonly refCount: number;
  /** As stored; bit 0 and 1 are `deleted` and `incoming`. */
  readonly flags: number;
  /** The object is out of use and stays in its place: its other fields may be stale. */
  readonly deleted: boolean;
  readonly incoming: boolean;
  /** Position among the objects of its kind; iommu-v1 only. */
  readonly idx?: number;
}

/** Kinds of units, `type` of a unit. */
export const IOMMU_TYPE = { invalid: 0n, intel: 1n, smmuv3: 2n } as const;

/** A remapping unit. */
export interface IommuUnit extends IommuObject {
  /** Name of the unit; for Intel its register base address. Unique among units that are not deleted. */
  readonly token: bigint;
  /** One of `IOMMU_TYPE`, as stored. */
  readonly type: bigint;
  readonly intel?: {
    /** Physical address of the registers. */
    readonly regBase: bigint;
    /** Physical address of the root table, without mode bits. */
    readonly rootTable: bigint;
    /** 512 bits: bit bus * 2 + (devfn >= 0x80) for each context table that exists; not in iommu-v1. */
    readonly contextTables?: readonly bigint[];
  };
  readonly smmuv3?: {
    readonly regBase: bigint;
    readonly strtabBaseCfg: bigint;
    readonly l1State: bigint;
    readonly l2States: bigint;
  };
  /** The vendor part, where nothing says whose it is and it is not zero. */
  readonly vendor?: Uint8Array;
}

/** A translation domain. */
export interface IommuDomain extends IommuObject {
  /** Physical address of the top page table. */
  readonly topTable: bigint;
  /** Level of that table, counted from 0: 2 has 39 bits, 3 has 48. */
  readonly topLevel: bigint;
  /** Width of an IOVA in bits; not in iommu-v1. */
  readonly vasz?: number;
  /** 1 for first-stage tables; not in iommu-v1. */
  readonly signExtend?: number;
  /** Early form of iommu-v1 only. */
  readonly attachCount?: bigint;
}

/** A device and what it is attached to. */
export interface IommuDevice extends IommuObject {
  /** PCI segment. */
  readonly segment: number;
  /** Bus << 8 | devfn. */
  readonly bdf: number;
  /** LUO token of the iommufd that owns its DMA; the last form only. */
  readonly dmaOwnerToken?: bigint;
  /** Name of the device; iommu-v1 only. */
  readonly token?: bigint;
  /** Domain id of VT-d. */
  readonly attachmentId: bigint;
  /** Physical address of its {@link IommuDomain}. */
  readonly domain: bigint;
  /** Physical address of its {@link IommuUnit}. */
  readonly unit: bigint;
  /** Type of its unit; iommu-v1 only. */
  readonly type?: bigint;
  readonly intel?: {
    /** Physical address of the PASID directory; 0 in legacy mode. */
    readonly pasidTable: bigint;
    /** PASIDs that it has room for. */
    readonly maxPasid: bigint;
  };
  readonly smmuv3?: {
    readonly l1Cdtab: bigint;
    readonly numL2: number;
    readonly l2States: bigint;
  };
  /** The vendor part, where nothing says whose it is and it is not zero. */
  readonly vendor?: Uint8Array;
}

/** The global state `iommu-liveupdate`, `iommu-liveupdate-v1` or `iommu-v1`. */
export interface IommuState extends StructureModel {
  /** Version of the record; the last form only. */
  readonly version?: bigint;
  /** Addresses of the first pages, as stored; 0 for none. */
  readonly unitsAddress: bigint;
  readonly domainsAddress: bigint;
  readonly devicesAddress: bigint;
  /** Objects there are of each kind, as stored; iommu-v1 only. */
  readonly nrUnits?: bigint;
  readonly nrDomains?: bigint;
  readonly nrDevices?: bigint;
  readonly units: StructureList<IommuUnit>;
  readonly domains: StructureList<IommuDomain>;
  readonly devices: StructureList<IommuDevice>;
}
