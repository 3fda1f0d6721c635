/** `data` of a LUO file whose handler is iommufd-v1 (upstream 4.6). */
import type { Element, StructureList, StructureModel } from '../model.js';

/** A page table of an iommufd that user space named. */
export interface IommufdHwpt extends Element {
  /** Physical address of the IOMMU domain object. */
  readonly domain: bigint;
  readonly token: bigint;
  /** 0 or 1: user space has it back. */
  readonly reclaimed: number;
}

export interface IommufdState extends StructureModel {
  /** Page tables, as stored. */
  readonly nrHwpts: bigint;
  readonly hwpts: StructureList<IommufdHwpt>;
}
