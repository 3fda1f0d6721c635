/**
 * The root tree of Linux 6.16 and later (include/linux/kho/abi/kexec_handover.h): a pointer to the
 * preserved memory map, and one child for each subsystem with a pointer to its blob. Children are in
 * the order of the blob; from kho-v2 on the kernel inserts the newest in front.
 */

import { blobSize, preservedData, preservedMemoryMap, subFdt } from '../../records/kho_root.js';
import { FACTS, UPSTREAM, type UpstreamGeneration } from '../../versions/generations.js';
import { type NodeBinding, type PropertyBinding, type TreeBinding, value } from '../tree.js';

/** Its smallest child takes 12 bytes, and the tree a page, of which none is larger than 64 KiB. */
const MOST_CHILDREN = Math.floor(65536 / 12);

function rootTree(compatible: string, properties: readonly PropertyBinding[]): TreeBinding {
  const child: NodeBinding = {
    name: { any: true, key: 'name' },
    place: { list: 'subtrees', most: MOST_CHILDREN },
    properties,
    children: [],
  };
  return {
    compatible,
    root: {
      name: { literal: '' },
      place: { merge: true },
      compatible,
      properties: [value('preserved-memory-map', 'preservedMemoryMap', preservedMemoryMap)],
      children: [child],
    },
  };
}

/** What a child of the root has, by the names that generations have for it. */
const CHILD: Readonly<Record<string, PropertyBinding>> = {
  fdt: value('fdt', 'address', subFdt),
  'preserved-data': value('preserved-data', 'address', preservedData),
  'blob-size': value('blob-size', 'size', blobSize),
};

/** fdt_setprop puts a new property in front, so that what is set last is first. */
function childProperties(generation: UpstreamGeneration): PropertyBinding[] {
  return FACTS[generation].names.flatMap((name) => CHILD[name] ?? []).reverse();
}

/** Properties of a child that say more of its blob than where it is. */
const MORE = Object.values(CHILD).filter(({ key }) => key !== 'address' && key !== 'size');

/** What a generation's children have besides the address and the size of their blob. */
export function moreChildProperties(generation: UpstreamGeneration): PropertyBinding[] {
  return childProperties(generation).filter((property) => MORE.includes(property));
}

/** The values of these, with the names of their properties and their keys in the model. */
export function moreOfChild(
  subtree: object,
): { readonly property: string; readonly key: string; readonly value: bigint }[] {
  const values = subtree as { readonly [key: string]: unknown };
  return MORE.flatMap(({ property, key }) => {
    const value = values[key];
    return typeof value === 'bigint' ? [{ property, key, value }] : [];
  });
}

/** Root trees by generation. */
export const upstreamRoots = Object.fromEntries(
  UPSTREAM.map((generation) => [generation, rootTree(generation, childProperties(generation))]),
) as Readonly<Record<UpstreamGeneration, TreeBinding>>;

export type { UpstreamGeneration };
