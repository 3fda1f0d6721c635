/** What a checker has to say of an edited tree (upstream.md 2.3, rfc-2024.md 2; the devicetree specification). */

import type { BlobInstance } from '../../references/instance.js';
import { isRfc } from '../../versions/generations.js';
import { ACCEPTED, type Expectation, fires, type TreeEdit, UNKNOWN } from '../mutation.js';
import type { FuzzTarget } from '../target.js';

/** Properties that have to be there, by what is missing without them. */
const UPSTREAM_ROOT: Readonly<Record<string, readonly string[]>> = {
  compatible: ['KHO-108'],
  'preserved-memory-map': ['KHO-109'],
  'preserved-data': ['KHO-113'],
  fdt: ['KHO-113'],
  'blob-size': ['KHO-114'],
};

/** Of each rider that is a tree. */
const RIDERS: Readonly<Record<string, readonly string[]>> = {
  memblock: ['MEMBLOCK-001', 'MEMBLOCK-003'],
  kho_test: ['KTEST-001', 'KTEST-002'],
  LUO: ['LUO-003'],
};

const RFC: Readonly<Record<string, readonly string[]>> = {
  persistent_id: ['DMAR-005'],
  pgd: ['DMAR-005'],
  agaw: ['DMAR-005'],
  bus: ['DMAR-017'],
  devfn: ['DMAR-017'],
  num_inodes: ['GMFS-005'],
  'iova-start': ['IOMMUFD-008', 'IOMMUFD-010'],
  events: ['FTRACE-003'],
};

/** The expectation of one edit of one blob. */
export function expectTree(target: FuzzTarget, { rider }: BlobInstance, edit: TreeEdit): Expectation {
  const { kind, generation } = target.handover;
  if (kind !== 'handover' || generation === undefined) return UNKNOWN;
  // Equal siblings are a fault of any tree.
  if (edit.op === 'duplicate') {
    if (rider === undefined)
      return fires(...(edit.at.property === undefined ? ['FDT-031', 'KHO-013', 'KHO-112'] : ['FDT-032']));
    return UNKNOWN;
  }
  if (isRfc(generation)) return expectRfc(edit);
  const { property, path } = edit.at;
  // Look-ups go by name: no reader minds the order.
  if (edit.op === 'first' || edit.op === 'last') return ACCEPTED;
  if (property === undefined) return UNKNOWN;
  const missing = rider === undefined ? UPSTREAM_ROOT[property] : RIDERS[rider];
  if (missing === undefined || (rider === 'LUO' && property === 'liveupdate-number' && edit.op === 'value'))
    return UNKNOWN;
  if (edit.op === 'drop') return fires(...missing);
  // A blob that grows is no longer as long as the root says: it is read as far as that.
  const grown = rider === undefined ? [] : ['KHO-115', 'KHO-117'];
  // A doubled string is still in the list of strings; a longer one is another string.
  return property === 'compatible' || path === '' ? UNKNOWN : fires(...missing, ...grown);
}

function expectRfc({ op, at: { property } }: TreeEdit): Expectation {
  if (property === undefined || op !== 'drop') return UNKNOWN;
  const missing = RFC[property];
  return missing === undefined || property === 'events' || property === 'iova-start'
    ? UNKNOWN
    : fires(...missing);
}
