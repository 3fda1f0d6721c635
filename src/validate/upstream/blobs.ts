/** The blobs below the root as the rules see them. */
import type { Handover, Location, Subtree } from '../../abi/model.js';
import { bytesToText } from '../../schema/text.js';
import { blobForm } from './riders.js';

/** Lengths above are damage: the known blobs have a page or a few. */
const MAX_LENGTH = 1 << 20;

export interface Blob {
  readonly subtree: Subtree;
  readonly name: string;
  readonly address: bigint;
  /** Bytes that the blob has by what it is; undefined when only blob-size tells. */
  readonly own: bigint | undefined;
  /** Bytes that its reader needs; 1 where nothing tells. */
  readonly length: bigint;
  readonly location: Location;
}

/** Children whose address is known. */
export function blobs({ generation, subtrees = [] }: Handover): Blob[] {
  return subtrees.flatMap((subtree): Blob[] => {
    const { name = '', address, size, tree, origin } = subtree;
    if (address === undefined || generation === undefined) return [];
    const form = blobForm(generation, name);
    const totalsize = tree?.header?.totalsize;
    const own =
      totalsize !== undefined && totalsize <= MAX_LENGTH
        ? BigInt(totalsize)
        : typeof form === 'object' && tree === undefined
          ? BigInt(form.size)
          : undefined;
    const location = { fdtPath: origin?.fdtPath ?? `/${name}`, address };
    return [{ subtree, name, address, own, length: own ?? size ?? 1n, location }];
  });
}

/** Text of a NUL-padded field, quoted. */
export function quoted(bytes: Uint8Array): string {
  return `"${bytesToText(bytes).text}"`;
}
