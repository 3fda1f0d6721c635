import { SS_PDE_LEAF_BITS, SS_PDE_TABLE_BITS, SS_PTE_BITS, SS_PTE_SIZE } from '../records/vtd.js';

/**
 * Whose habits entries follow (vtd.md 2.4, rfc-2024 2.2).
 * - `rfc`: Linux up to 6.x and the 2024 series: tables are address | R | W, leaves have R always.
 * - `generic_pt`: Linux 7.x: tables are address | R | W, leaves have exactly the permissions asked for; a
 *   mapping without any is refused.
 * - `generic_pt-incoherent`: the same on a unit whose page walks do not snoop: tables also have the software
 *   bit that says that the table has been flushed.
 */
export type EntryStyle = 'rfc' | 'generic_pt' | 'generic_pt-incoherent';

/** A 64-bit value as 32-bit halves. */
export interface Halves {
  readonly lo: number;
  readonly hi: number;
}

/** Permissions and attributes of leaves. */
export interface LeafAttributes {
  readonly read: boolean;
  readonly write: boolean;
  readonly snoop?: boolean;
}

const HALF = 0x100000000;
/** Where the page frame number is, and how many values of it the low half has. */
const PFN_SHIFT = SS_PTE_BITS.address.shift;
const PFNS_BELOW = 2 ** (32 - PFN_SHIFT);
// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const ENTRY = SS_PTE_SIZE;

/** @returns the entry that points to a table at a byte address (below 2^52, page aligned) */
export function tableEntry(style: EntryStyle, address: number): Halves {
  const bits = SS_PDE_TABLE_BITS;
  const flushed = style === 'generic_pt-incoherent' ? bits.ignored10.lo : 0;
  return { lo: (address % HALF) | bits.r.lo | bits.w.lo | flushed, hi: Math.floor(address / HALF) };
}

/**
 * @param level 1..3
 * @returns everything of a leaf but its address; undefined when the style refuses the permissions
 */
export function leafEntry(style: EntryStyle, level: number, leaf: LeafAttributes): Halves | undefined {
  const bits = SS_PTE_BITS;
  const read = leaf.read || style === 'rfc';
  if (!read && !leaf.write) return undefined;
  let lo = read ? bits.r.lo : 0;
  if (leaf.write) lo |= bits.w.lo;
  if (leaf.snoop === true) lo |= bits.snp.lo;
  if (level > 1) lo |= SS_PDE_LEAF_BITS.ps.lo;
  return { lo, hi: 0 };
}

/** @returns the low half of an entry with this page frame number (below 2^40) and these other bits; signed */
export function entryLo(pfn: number, bits: number): number {
  return ((pfn % PFNS_BELOW) << PFN_SHIFT) | bits;
}

/** @returns its high half */
export function entryHi(pfn: number, bits: number): number {
  return (pfn / PFNS_BELOW) | bits;
}

/**
 * Writes an entry of a table page.
 *
 * @param page 4096 bytes
 * @param slot 0..511
 * @param pfn of the page or table that it leads to, below 2^40
 * @param bits everything else
 */
export function writeEntry(page: DataView, slot: number, pfn: number, bits: Halves): void {
  const at = slot * ENTRY;
  page.setInt32(at, entryLo(pfn, bits.lo), true);
  page.setInt32(at + ENTRY / 2, entryHi(pfn, bits.hi), true);
}
