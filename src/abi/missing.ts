/** What of a handover's own records the dump does not hold: a list that is not whole says so here, never by being short. */

import { LIST_PARTS, RELEASED_PARTS, STRUCTURE_PARTS, TREE_PARTS } from '../structures/typed.js';

/**
 * Lists and records of the model that can be missing, each by what leads to it: what hangs on sessions is unknown
 * where they are.
 *
 * - `map`: chunks, bitmaps, nodes and leaves of the preserved memory map; `scratch`: the scratch array;
 * - `luo`: its blob or struct luo_ser; `sessions`, `files`, `flbs`: its lists; those of files by their structures;
 * - `vmalloc`: list pages of vmalloc areas; `folios`: the lists that are in such areas;
 * - `memblock`, `kho-test`, `metadata`: riders by their own; `blob`: the blob of another child;
 * - `iommu`, `iommufd`, `vfio`, `pci`: records of the IOMMU series; `draft`: those of other handlers and FLBs that no
 *   release has;
 * - `mem-cache`, `guestmemfs`: of the 2024 series.
 */
export const PARTS = [
  'map',
  'scratch',
  'luo',
  ...LIST_PARTS,
  ...RELEASED_PARTS,
  'vmalloc',
  'folios',
  'memblock',
  'kho-test',
  'metadata',
  'blob',
  ...STRUCTURE_PARTS,
  'mem-cache',
  ...TREE_PARTS,
] as const;
/** A part of the model that can be missing from a dump. */
export type Part = (typeof PARTS)[number];

/** What tells of files, and of their memory: `map` has the sizes of their folios. */
export const FILE_PARTS: readonly Part[] = [
  'map',
  'luo',
  ...LIST_PARTS,
  ...RELEASED_PARTS,
  'vmalloc',
  'folios',
  'draft',
  ...TREE_PARTS,
];

/** Bytes that a handover refers to and the dump does not hold. */
export interface Missing {
  readonly part: Part;
  /** In words, e.g. `block of sessions`. */
  readonly what: string;
  /** Physical address of the first absent byte, or of what is there. */
  readonly address: bigint;
  /** Address of the record whose list is not whole: a session's for its files, a file's for its folios. */
  readonly owner?: bigint;
}

/** Bytes that are not what a handover says they are, as in memory that was used again: zero to every reader, unless `tail`. */
export interface Reused {
  /** In words, e.g. `block of sessions`. */
  readonly what: string;
  /** Physical addresses, half-open. */
  readonly start: number;
  readonly end: number;
  /** They follow the end of a text: they stay, as part of a record, but no trim has them. */
  readonly tail?: true;
}

/** What of a handover's memory is not what it should be. */
export interface ReusedMemory {
  readonly ranges: Reused[];
  /** Read long lists, each up to its end where nobody has yet, and add what they find to the ranges. */
  readonly unjudged: (() => void)[];
}

/** Looks at what nobody has read yet. */
export function reusedOf(reused: ReusedMemory | undefined): readonly Reused[] {
  for (const judge of reused?.unjudged ?? []) judge();
  return reused?.ranges ?? [];
}

/** What is missing of some parts, optionally of what one record has. */
export function missingOf(
  { missing }: { readonly missing?: readonly Missing[] },
  parts: readonly Part[],
  owner?: bigint,
): Missing | undefined {
  return missing?.find((each) => parts.includes(each.part) && (owner === undefined || each.owner === owner));
}

/** In words: `block of sessions at 0x1000`. */
export function missingText({ what, address }: Missing): string {
  return `${what} at 0x${address.toString(16)}`;
}
