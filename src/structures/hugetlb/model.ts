/** HugeTLB memory over a live update (upstream 4.8): the global state, and files. */
import type { FolioList } from '../folios.js';
import type { Element, StructureList, StructureModel } from '../model.js';

/** Pages of one size. */
export interface HugetlbSize extends Element {
  readonly nrPages: bigint;
  readonly order: number;
}

/** The global state `hugetlb-v1`. */
export interface HugetlbState extends StructureModel {
  /** Sizes in use, of four that there is room for. */
  readonly nrHstates: number;
  readonly hstates: StructureList<HugetlbSize>;
}

/** `data` of a LUO file whose handler is huge-memfd-v1. */
export interface HugeMemfdState extends StructureModel, FolioList {
  readonly size: bigint;
  readonly pos: bigint;
  readonly nrFolios: bigint;
  readonly order: number;
}
