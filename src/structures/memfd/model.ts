/** Preserved memfds (upstream 3.6). */
import type { FolioList } from '../folios.js';
import type { StructureModel } from '../model.js';

/** `data` of a LUO file whose handler is memfd-v1 or memfd-v2. */
export interface Memfd extends StructureModel, FolioList {
  readonly version: 'memfd-v1' | 'memfd-v2';
  readonly pos: bigint;
  readonly size: bigint;
  /** memfd-v2 only. */
  readonly seals?: number;
  /** memfd-v2 only; must be 0. */
  readonly flags?: number;
  readonly nrFolios: bigint;
  readonly origin: { readonly address: bigint };
}
