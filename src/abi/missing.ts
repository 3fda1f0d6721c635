/** What of a handover's own records the dump does not hold: a list that is not whole says so here, never by being short. */

import { grouped } from '../schema/grouped.js';
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
  const some = missing === undefined || owner === undefined ? missing : byOwner(missing).get(owner);
  return some?.find(({ part }) => parts.includes(part));
}

interface Owned {
  readonly length: number;
  readonly of: ReadonlyMap<bigint, readonly Missing[]>;
}

const owned = new WeakMap<readonly Missing[], Owned>();

/** By their owners: each of thousands of files may ask for its own. */
function byOwner(missing: readonly Missing[]): Owned['of'] {
  const known = owned.get(missing);
  if (known?.length === missing.length) return known.of;
  const of = grouped(missing, ({ owner }) => owner ?? -1n);
  owned.set(missing, { length: missing.length, of });
  return of;
}

/** In words: `block of sessions at 0x1000`. */
export function missingText({ what, address }: Missing): string {
  return `${what} at 0x${address.toString(16)}`;
}
