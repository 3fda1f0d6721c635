/** Where the records of a handover are: the one place that follows its references. */

import type { Handover } from '../abi/model.js';
import { isUpstream } from '../decode/upstream/handover.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { heldTree } from '../structures/riders.js';
import { upstreamRoots } from '../structures/root/tree.js';
import { isRfc } from '../versions/generations.js';
import { addBoot } from './boot.js';
import type { BlobInstance } from './instance.js';
import { addNodes } from './nodes.js';
import type { ReferenceSink } from './sink.js';
import { addRiders, addUpstream } from './upstream.js';

/**
 * Tells everything that the model of a dump knows a place of, whether its bytes are there or not.
 *
 * @param root the tree, or the lone blob, and where it is; absent where it is not in the memory
 * @param memory absent for a lone blob: then the targets of its pointers are not reported
 */
export function addReferences(
  sink: ReferenceSink,
  handover: Handover,
  root: BlobInstance | undefined,
  memory: PhysicalMemory | undefined,
): void {
  const { generation } = handover;
  if (root !== undefined) sink.blob(root, rootBinding(handover));
  addBoot(sink, handover);
  if (memory === undefined) return;
  const context = { sink, memory, pageSize: handover.pageSize, preserved: undefined };
  if (isUpstream(generation)) addUpstream(sink, handover, memory);
  else if (isRfc(generation)) addNodes(context, rfc2024.root, handover);
  // Of a blob by itself it is known whose memory it names, and nothing of where it is.
  else if (sink.claimsOnly === true) addRiders(context, handover);
}

function rootBinding(handover: Handover) {
  const { generation } = handover;
  if (generation === undefined) return heldTree(handover)?.binding;
  return isUpstream(generation) ? upstreamRoots[generation] : rfc2024;
}
