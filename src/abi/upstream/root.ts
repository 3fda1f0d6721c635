/**
 * The root tree of Linux 6.16 and later (include/linux/kho/abi/kexec_handover.h): a pointer to the
 * preserved memory map, and one child for each subsystem with a pointer to its blob. Children are in
 * the order of the blob; from kho-v2 on the kernel inserts the newest in front.
 */
import { blobSize, preservedData, preservedMemoryMap, subFdt } from '../../records/kho_root.js';
import { type NodeBinding, type PropertyBinding, type TreeBinding, value } from '../../structures/tree.js';
import type { Generation } from '../model.js';

function rootTree(compatible: string, properties: readonly PropertyBinding[]): TreeBinding {
  const child: NodeBinding = {
    name: { any: true, key: 'name' },
    place: { list: 'subtrees' },
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

const address = value('preserved-data', 'address', preservedData);
// fdt_setprop puts a new property in front, so that the size, set second, is first.
const sized = [value('blob-size', 'size', blobSize), address];

/** Root trees by generation. */
export const upstreamRoots: Readonly<Record<Exclude<Generation, 'rfc-2024'>, TreeBinding>> = {
  'kho-v1': rootTree('kho-v1', [value('fdt', 'address', subFdt)]),
  'kho-v2': rootTree('kho-v2', [address]),
  'kho-v3': rootTree('kho-v3', sized),
  'kho-v4': rootTree('kho-v4', sized),
};

/** A generation as upstream: every one but the 2024 series. */
export type UpstreamGeneration = keyof typeof upstreamRoots;
