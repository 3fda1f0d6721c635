/** What can be mutated of a target: the instances of its handover that its image holds. */
import { findInstances } from '../references/find.js';
import type { InstanceLimits, Instances } from '../references/instance.js';
import { type FuzzTarget, part } from './target.js';

/** More of a kind would make no other cases. */
const LIMITS: InstanceLimits = { list: 96, entries: 64, tables: 4096 };

/** Lists them; what is not in the image is left out. */
export function targetInstances({ handover, root, memory, segments, units }: FuzzTarget): Instances {
  const found = findInstances(handover, root, memory, LIMITS, units);
  const has = (address: number, length: number): boolean => part(segments, address, length) !== undefined;
  return {
    records: found.records.filter(({ record, address }) => has(address, record.size ?? 1)),
    pages: found.pages.filter(({ address }) => has(address, 1)),
    blobs: found.blobs.filter(({ address, bytes }) => has(address, bytes.length)),
    bitmaps: found.bitmaps.filter(({ address, length }) => has(address, length)),
  };
}
