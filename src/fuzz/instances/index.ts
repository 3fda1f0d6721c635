/** The records, blobs and linked pages of a target. */
import { rfc2024 } from '../../abi/rfc2024.js';
import { upstreamRoots } from '../../abi/upstream/root.js';
import { isUpstream } from '../../decode/upstream/handover.js';
import type { FuzzTarget } from '../target.js';
import { part } from '../target.js';
import { addBlob } from './blobs.js';
import type { InstanceSink, Instances } from './instance.js';
import { addRfc2024 } from './rfc2024.js';
import { addUpstream, riderBinding } from './upstream.js';

/** Lists everything that the model of a target knows a place of; what is not in its image is left out. */
export function findInstances(target: FuzzTarget): Instances {
  const sink: InstanceSink = { records: [], pages: [], blobs: [] };
  const { handover, root, memory } = target;
  const { generation, tree } = handover;
  if (tree?.header !== undefined) {
    const binding =
      generation === undefined
        ? riderBinding(handover, lone(target))
        : isUpstream(generation)
          ? upstreamRoots[generation]
          : rfc2024;
    addBlob(sink, { address: root.address, bytes: root.bytes }, binding);
  }
  if (isUpstream(generation)) addUpstream(sink, handover, memory);
  else if (generation === 'rfc-2024' && memory !== undefined) addRfc2024(sink, handover, memory);
  const has = (address: number, length: number): boolean =>
    part(target.segments, address, length) !== undefined;
  return {
    records: sink.records.filter(({ record, address }) => has(address, record.size ?? 1)),
    pages: sink.pages.filter(({ address }) => has(address, 1)),
    blobs: sink.blobs.filter(({ address, bytes }) => has(address, bytes.length)),
  };
}

/** What a rider by itself is the blob of. */
function lone({ handover }: FuzzTarget): string | undefined {
  if (handover.memblock !== undefined) return 'memblock';
  if (handover.khoTest !== undefined) return 'kho_test';
  return handover.luo === undefined ? undefined : 'LUO';
}
