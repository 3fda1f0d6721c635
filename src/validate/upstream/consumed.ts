/** What of a tree that the running kernel has taken over can still be judged. */
import type { Handover } from '../../abi/model.js';
import type { Rule } from '../rule.js';

/** Areas whose rules look at what stays: the blob itself, reserve_mem's tree, kexec-metadata, the hardware's tables. */
const AREAS_KEPT: ReadonlySet<string> = new Set(['FDT', 'MEMBLOCK', 'KMETA', 'VTD']);
/** Rules of those areas that need the map. */
const NEED_MAP: ReadonlySet<string> = new Set(['MEMBLOCK-005']);
/**
 * Rules on what led to the tree, on its own page and on the scratch regions, all of which the kernel keeps as it got
 * them. All others look at the map, or at what it was handed through LUO and kho_test.
 */
const KEPT: ReadonlySet<string> = new Set([
  ...['KHO-101', 'KHO-102', 'KHO-103', 'KHO-104', 'KHO-105'],
  ...['KHO-106', 'KHO-108', 'KHO-109', 'KHO-112', 'KHO-113', 'KHO-114', 'KHO-118'],
  ...['KHO-119', 'KHO-120'],
  ...['KHO-121', 'KHO-122', 'KHO-123', 'KHO-124', 'KHO-125', 'KHO-128'],
  ...['KHO-225', 'KHO-226'],
]);

/** Why a rule is not run on a tree that was taken over; undefined for any other tree, and where it still means something. */
export function consumedReason({ id }: Rule, { takenOver }: Handover): string | undefined {
  if (takenOver === undefined || KEPT.has(id)) return undefined;
  if (AREAS_KEPT.has(id.slice(0, id.lastIndexOf('-'))) && !NEED_MAP.has(id)) return undefined;
  return `the running kernel has taken over the tree: ${takenOver.why}`;
}
