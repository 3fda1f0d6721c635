/**
 * The lists of the model that rules read. Where one of a rule's `reads` is not whole in the dump, a rule that finds
 * nothing wrong in the rest has not passed: the runner skips it as absent. So no rule needs to ask on its own.
 */
import { type Missing, missingOf, type Part } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import { STRUCTURE_PARTS } from '../structures/typed.js';

export const MAP: readonly Part[] = ['map'];
export const SCRATCH: readonly Part[] = ['scratch'];
export const SCRATCH_AND_MAP: readonly Part[] = [...SCRATCH, ...MAP];
export const LUO: readonly Part[] = ['luo'];
export const SESSIONS: readonly Part[] = [...LUO, 'sessions'];
export const FILES: readonly Part[] = [...SESSIONS, 'files'];
export const FLBS: readonly Part[] = [...LUO, 'flbs'];
export const FILES_AND_FLBS: readonly Part[] = [...FILES, 'flbs'];
export const MEMFDS: readonly Part[] = [...FILES, 'memfd'];
export const FOLIOS: readonly Part[] = [...MEMFDS, 'vmalloc', 'folios'];
export const KHO_TEST: readonly Part[] = ['kho-test'];
export const VMALLOC: readonly Part[] = [...MEMFDS, 'vmalloc', ...KHO_TEST];
export const MEMBLOCK: readonly Part[] = ['memblock'];
export const METADATA: readonly Part[] = ['metadata'];
export const GUESTMEMFS: readonly Part[] = ['guestmemfs'];
/** Blobs that a child of the root names. */
export const BLOBS: readonly Part[] = [...LUO, ...MEMBLOCK, ...KHO_TEST, ...METADATA, 'blob'];
/** Everything that owns memory. */
export const OWNERS: readonly Part[] = [
  ...FOLIOS,
  'flbs',
  ...MEMBLOCK,
  ...KHO_TEST,
  ...METADATA,
  'blob',
  'draft',
];
export const MAP_AND_OWNERS: readonly Part[] = [...MAP, ...OWNERS];
/** What hangs on files, and on FLBs. */
export const STRUCTURES: readonly Part[] = [...FILES_AND_FLBS, ...STRUCTURE_PARTS];
export const IOMMU: readonly Part[] = [...FLBS, 'iommu'];
export const IOMMUFD: readonly Part[] = [...FILES_AND_FLBS, 'iommu', 'iommufd', 'vfio'];
export const DRAFT_CHILD: readonly Part[] = ['blob', 'draft'];

/** What is missing of that which a rule reads; of a rule that reads no list nothing can be. */
export function missingFor(
  { reads }: { readonly reads?: readonly Part[] },
  handover: Handover,
): Missing | undefined {
  if (reads === undefined || handover.missing === undefined || handover.missing.length === 0)
    return undefined;
  return missingOf(handover, reads);
}
