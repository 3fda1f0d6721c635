/** The root tree as references take it. */
import type { Handover } from '../abi/model.js';
import type { BlobInstance } from '../references/instance.js';

/** The tree and where it is; undefined where it is not in the memory. */
export function rootOf({ fdtAddress, tree }: Handover): BlobInstance | undefined {
  if (fdtAddress === undefined || tree === undefined) return undefined;
  return { address: Number(fdtAddress), bytes: tree.bytes };
}
