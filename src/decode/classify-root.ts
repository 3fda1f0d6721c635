/** What a blob is that something other than its own root takes for the root tree. */

import type { Generation } from '../abi/model.js';
import type { FdtTree } from '../fdt/parse.js';
import { rootNode } from '../fdt/tree.js';
import { FDT_HEADER_SIZE, FdtHeaderMagic, FdtHeaderVersion } from '../records/fdt.js';
import { isRfc, type RFC, RFC_COMPATIBLE } from '../versions/generations.js';
import { type Classification, classify } from './classify.js';

/** What is known of a blob from outside. */
export interface RootEvidence {
  /** Whether setup_data, `/chosen` or the user names it as the root tree. */
  readonly named: boolean;
  readonly assume?: Generation;
  /** Whose form what names the tree has. */
  readonly passedOn?: typeof RFC | 'upstream';
}

/** Bytes in which a root tree's version is looked for: no page is larger. */
const MAX_ROOT = 65536;

/**
 * Like {@link classify}, and beyond it: a blob whose root says no version is the root tree nevertheless where something
 * names it, where the user gives a generation, or where it has a root tree's words. The generation is left open then,
 * unless the entry tells it.
 */
export function classifyRoot(
  tree: FdtTree,
  { named, assume, passedOn }: RootEvidence,
): Classification & { readonly unreadable?: true } {
  const own = classify(tree);
  // What both wrote is told apart by what names it.
  if (own.either === true && passedOn !== undefined) {
    return { kind: 'handover', generation: isRfc(passedOn) ? passedOn : RFC_COMPATIBLE };
  }
  if (own.kind === 'handover') return own;
  const taken = named || (own.kind === 'unknown' && (assume !== undefined || hasRootWords(tree)));
  if (!taken) return own;
  const generation = isRfc(passedOn) && assume === undefined ? { generation: passedOn } : {};
  // With the user's word for it a tree is judged like any other, as long as there is a root.
  const unreadable = assume === undefined || rootNode(tree) < 0 ? { unreadable: true as const } : {};
  return {
    kind: 'handover',
    undecided: 'the root of the tree has no version',
    ...unreadable,
    ...generation,
  };
}

/**
 * Whether a blob that cannot be read has the version string and the property name of a root tree, and, where it does
 * not begin with FDT_MAGIC, the rest of a header that its writers give it.
 */
function hasRootWords({ bytes, header }: FdtTree): boolean {
  if (header === undefined) return false;
  const { magic, version, lastCompVersion, offDtStruct, sizeDtStruct } = header;
  const isHeader =
    version === FdtHeaderVersion.current &&
    lastCompVersion <= version &&
    offDtStruct >= FDT_HEADER_SIZE &&
    offDtStruct + sizeDtStruct <= bytes.length;
  if (magic !== FdtHeaderMagic.fdtMagic && !isHeader) return false;
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, MAX_ROOT));
  return /kho-v\d+\0/.test(text) && text.includes('compatible\0');
}
