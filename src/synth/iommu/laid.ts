/** Parts of an IOMMU state that have their places. */
import type { Endpoint } from './topology.js';

/** An iommufd: a file of a session with some of its domains. */
export interface Owner {
  readonly session: number;
  readonly token: bigint;
}

export interface LaidDomain {
  readonly owner: Owner;
  /** Physical address of its top table. */
  readonly root: number;
  /** Whether devices are attached to it. */
  readonly attached: boolean;
  /** Physical address of its record. */
  address: bigint;
}

export interface LaidDevice extends Endpoint {
  readonly domain: LaidDomain;
  /** Domain id: one for each domain on each unit. */
  readonly did: number;
  readonly directory: number;
  readonly table: number;
  readonly order: number;
  readonly ats: boolean;
  readonly pasid: boolean;
}
