/** Which way a tree goes: handed to the running kernel, or prepared by it for the next. */
import type { FdtTree } from '../fdt/parse.js';
import { findNode, findProperty, propertyValue } from '../fdt/tree.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import {
  KHO_KEXEC_METADATA_SIZE,
  KhoKexecMetadataVersion,
  readKhoKexecMetadata,
} from '../records/kexec_metadata.js';
import { PRESERVED_DATA_SIZE, readPreservedData } from '../records/kho_root.js';
import { dataView } from './bytes.js';

/** Whether the running kernel was handed a tree, or prepares it for the next. */
export type Direction = 'incoming' | 'outgoing';

/**
 * How many boots by kexec the tree's reader has had, as its kexec-metadata says (kho-v3 on): a kernel
 * counts up from the tree it got to the one it prepares.
 *
 * @returns undefined when the tree has none, or its record is not in memory
 */
export function kexecCount(tree: FdtTree, memory: PhysicalMemory): number | undefined {
  const node = findNode(tree, '/kexec-metadata');
  const property = node < 0 ? -1 : findProperty(tree, node, 'preserved-data');
  const value = property < 0 ? undefined : propertyValue(tree, property);
  if (value?.length !== PRESERVED_DATA_SIZE) return undefined;
  const bytes = readBytes(memory, readPreservedData(dataView(value), 0).value, KHO_KEXEC_METADATA_SIZE);
  if (bytes === undefined) return undefined;
  const { version, kexecCount } = readKhoKexecMetadata(dataView(bytes), 0);
  return version === KhoKexecMetadataVersion.current ? kexecCount : undefined;
}

/**
 * Tells the directions of the trees of one memory.
 *
 * @param counts of each tree, what {@link kexecCount} gives
 * @param named whether setup_data or /chosen names the tree, which makes it the incoming one
 * @returns one entry a tree; undefined where the dump does not tell
 */
export function directions(
  counts: readonly (number | undefined)[],
  named: readonly boolean[],
): (Direction | undefined)[] {
  const known = counts.filter((count) => count !== undefined);
  const incoming = named.indexOf(true);
  const others = named.filter((isNamed) => !isNamed).length;
  const base = incoming < 0 ? undefined : counts[incoming];
  const latest = Math.max(...known);
  // Counts decide only between trees that all have one, and when no two claim to be the latest.
  const counted = known.length === counts.length && known.filter((count) => count === latest).length === 1;
  // Lists that name several trees are left from before, or of an image that is loaded: there the counts decide.
  const severalNamed = counted && named.filter(Boolean).length > 1;
  return counts.map((count, i) => {
    if (named[i] === true && !severalNamed) return 'incoming';
    if (incoming >= 0 && !severalNamed) {
      if (count !== undefined && base !== undefined) return count === base + 1 ? 'outgoing' : undefined;
      return others === 1 ? 'outgoing' : undefined;
    }
    if (!counted || counts.length < 2) return undefined;
    if (count === latest) return 'outgoing';
    return count === latest - 1 && known.filter((other) => other === count).length === 1
      ? 'incoming'
      : undefined;
  });
}
