/** The records, blobs, bitmaps and linked pages of a handover. */
import type { Handover } from '../abi/model.js';
import { rfc2024 } from '../abi/rfc2024.js';
import { upstreamRoots } from '../abi/upstream/root.js';
import { isUpstream } from '../decode/upstream/handover.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { addBlob } from './blobs.js';
import type { BlobInstance, InstanceLimits, InstanceSink, Instances } from './instance.js';
import { addRfc2024 } from './rfc2024.js';
import { addUpstream, riderBinding } from './upstream.js';
import { addUnit, type UnitInstance } from './vtd.js';

/**
 * Lists everything that the model of a dump knows a place of, whether its bytes are there or not.
 *
 * @param root the tree, or the lone blob, and where it lies
 * @param units remapping units whose structures are in the memory
 * @param memory absent for a lone blob: then what lies behind its pointers is not listed
 */
export function findInstances(
  handover: Handover,
  root: BlobInstance,
  memory: PhysicalMemory | undefined,
  limits: InstanceLimits,
  units: readonly UnitInstance[] = [],
): Instances {
  const sink: InstanceSink = { records: [], pages: [], blobs: [], bitmaps: [], limits };
  const { generation, tree } = handover;
  if (tree?.header !== undefined) {
    const binding =
      generation === undefined
        ? riderBinding(handover, lone(handover))
        : isUpstream(generation)
          ? upstreamRoots[generation]
          : rfc2024;
    addBlob(sink, root, binding);
  }
  if (isUpstream(generation)) addUpstream(sink, handover, memory);
  else if (generation === 'rfc-2024' && memory !== undefined) addRfc2024(sink, handover, memory);
  if (memory !== undefined) for (const [i, unit] of units.entries()) addUnit(sink, unit, i, memory);
  return sink;
}

/** What a rider by itself is the blob of. */
function lone(handover: Handover): string | undefined {
  if (handover.memblock !== undefined) return 'memblock';
  if (handover.khoTest !== undefined) return 'kho_test';
  return handover.luo === undefined ? undefined : 'LUO';
}
