/** Offsets inside structure tokens, from their tag on, derived from the generated records. */

import { FDT_NODE_HEADER_SIZE, FDT_PROP, FDT_PROP_SIZE, FdtHeaderMagic } from '../records/fdt.js';

/** What every blob starts with. */
export const FDT_MAGIC = FdtHeaderMagic.fdtMagic;
/** A tag, the unit by which the structure block is aligned; a node's name is after it. */
export const TAG_SIZE = FDT_NODE_HEADER_SIZE;
/** A property's length field. */
export const PROP_LEN = TAG_SIZE + FDT_PROP.len;
/** A property's name offset field. */
export const PROP_NAMEOFF = TAG_SIZE + FDT_PROP.nameoff;
/** A property's value. */
export const PROP_VALUE = TAG_SIZE + FDT_PROP_SIZE;

/** `size` rounded up to whole tokens (4 bytes); exact up to 2^52. libfdt aligns by the block's start, not the blob's. */
export function alignToken(size: number): number {
  return size + TAG_SIZE - 1 - ((size + TAG_SIZE - 1) & (TAG_SIZE - 1));
}
