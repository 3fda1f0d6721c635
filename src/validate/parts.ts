/**
 * Which lists of the model a rule looks at. Where one of them is not whole in the dump, a rule that finds nothing
 * wrong in the rest has not passed: the runner skips it as absent. So no rule needss to ask on its own.
 */
import { type Missing, missingOf, type Part } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import { STRUCTURE_PARTS } from '../structures/parts.js';

const SESSIONS: readonly Part[] = ['luo', 'sessions'];
const FILES: readonly Part[] = [...SESSIONS, 'files'];
const MEMFDS: readonly Part[] = [...FILES, 'memfd'];
const FOLIOS: readonly Part[] = [...MEMFDS, 'vmalloc', 'folios'];
const TEST: readonly Part[] = ['kho-test'];
/** Everything that owns memory. */
const OWNERS: readonly Part[] = [...FOLIOS, 'flbs', 'memblock', 'kho-test', 'metadata', 'blob', 'draft'];
/** What hangs on files, and on FLBs. */
const STRUCTURES: readonly Part[] = [...FILES, 'flbs', ...STRUCTURE_PARTS];
const BLOBS: readonly Part[] = ['luo', 'memblock', 'kho-test', 'metadata', 'blob'];

/** By area; a rule that is below by its id looks at other things. */
const AREAS: Readonly<Record<string, readonly Part[]>> = {
  LUO: FILES,
  BLOCK: FILES,
  FLB: [...FILES, 'flbs'],
  MEMFD: FOLIOS,
  VMALLOC: [...MEMFDS, 'vmalloc', ...TEST],
  KTEST: TEST,
  MEMBLOCK: ['memblock'],
  KMETA: ['metadata'],
  GMFS: ['guestmemfs'],
  IOMMU: ['luo', 'flbs', 'iommu'],
  IOMMUFD: [...FILES, 'flbs', 'iommu', 'iommufd', 'vfio'],
  VFIO: STRUCTURES,
  PCI: STRUCTURES,
  HUGETLB: STRUCTURES,
  GMEM: STRUCTURES,
  KVM: STRUCTURES,
  PSTORE: ['blob', 'draft'],
};

const RULES: Readonly<Record<string, readonly Part[]>> = {
  'KHO-111': ['map'],
  'KHO-115': ['map', ...BLOBS],
  'KHO-116': ['map'],
  'KHO-117': BLOBS,
  'KHO-120': ['luo', 'memblock', 'kho-test'],
  'KHO-121': ['scratch'],
  'KHO-122': ['scratch'],
  'KHO-123': ['scratch'],
  'KHO-124': ['scratch'],
  'KHO-126': ['scratch', 'map'],
  'KHO-127': ['scratch', 'map'],
  'KHO-128': ['scratch'],
  'KHO-131': ['map'],
  'KHO-132': ['map'],
  'KHO-133': ['map'],
  'KHO-134': ['map'],
  'KHO-135': ['map', ...OWNERS],
  'KHO-136': ['map'],
  'KHO-137': ['map'],
  'KHO-138': ['map'],
  'KHO-141': ['map'],
  'KHO-142': ['map'],
  'KHO-143': ['map'],
  'KHO-144': ['map'],
  'KHO-145': ['map'],
  'KHO-147': ['map'],
  'KHO-148': ['map'],
  'KHO-150': ['map', ...OWNERS],
  'KHO-151': ['map', ...OWNERS],
  'KHO-153': OWNERS,
  'KHO-155': ['map', ...OWNERS],
  'KHO-156': ['map', ...OWNERS],
  'KHO-160': OWNERS,
  'KHO-161': ['map'],
  'KHO-162': ['map'],
  'KHO-163': OWNERS,
  'KHO-171': ['scratch', 'map'],
  'KHO-190': ['scratch', 'map'],
  'KHO-191': ['map', ...OWNERS],
  'KHO-192': ['map', ...OWNERS],
  'LUO-001': ['luo'],
  'LUO-002': ['luo'],
  'LUO-003': ['luo'],
  'LUO-017': ['luo'],
  'LUO-005': SESSIONS,
  'LUO-006': SESSIONS,
  'LUO-007': SESSIONS,
  'LUO-008': SESSIONS,
  'LUO-009': SESSIONS,
  'LUO-020': SESSIONS,
  'FLB-001': ['luo', 'flbs'],
  'FLB-002': ['luo', 'flbs'],
  'FLB-003': ['luo', 'flbs'],
  'FLB-004': ['luo', 'flbs'],
  'FLB-005': ['luo', 'flbs'],
  'FLB-007': ['luo', 'flbs'],
  'IOMMU-056': ['map', ...FOLIOS, 'flbs', 'iommu', 'iommufd'],
  'IOMMU-057': [...FOLIOS, 'flbs', 'iommu'],
  'IOMMU-061': [...FOLIOS, 'flbs', 'iommu', 'iommufd'],
};

/** What is missing of that which a rule looks at; of a rule that reads no memory nothing can be. */
export function missingFor(
  { id, needs }: { readonly id: string; readonly needs?: readonly string[] },
  handover: Handover,
): Missing | undefined {
  if (handover.missing === undefined || handover.missing.length === 0) return undefined;
  const parts = RULES[id] ?? (needs?.includes('memory') === true ? AREAS[id.split('-')[0] ?? ''] : undefined);
  return parts === undefined ? undefined : missingOf(handover, parts);
}
