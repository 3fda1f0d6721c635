/** The bytes of a root tree as accounts hold them: token by token, which says nothing of what the values mean. */
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { parseFdt } from '../fdt/parse.js';

/** Larger trees (a domain with a million table pages has one) are not written down twice. */
const MAX_BYTES = 1 << 20;

/** `fdt` of an account; undefined, and so left out, where the tree is large. */
export function treeAccount(
  address: bigint,
  blob: Uint8Array,
): { readonly [key: string]: unknown } | undefined {
  if (blob.length > MAX_BYTES) return undefined;
  const tree = parseFdt(blob);
  return { address, ...imageToJson(toImage(tree), tree) };
}
