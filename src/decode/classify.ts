/** What a devicetree blob is, and which ABI generation it follows. */

import type { DumpKind, Generation } from '../abi/model.js';
import type { FdtTree } from '../fdt/parse.js';
import {
  children,
  findNode,
  findProperty,
  nodeName,
  propertyName,
  propertyValue,
  rootNode,
} from '../fdt/tree.js';
import { FdtToken } from '../records/fdt.js';
import { ownVersion } from '../schema/composite.js';
import { RIDER_TREES } from '../structures/riders.js';
import { RFC, RFC_COMPATIBLE, upstreamNamed } from '../versions/generations.js';
import { compatibleStrings } from './bind.js';

/** Subsystem names that only the tree of the 2024 series has below its root. */
const RFC_CHILDREN = new Set(['iommufd', 'intel-iommu', 'guestmemfs', 'ftrace']);
const VERSION = /-v\d+$/;
/** `compatible`, without its version, of blobs that hang below an upstream root tree (Documentation/core-api/kho). */
const RIDER_COMPATIBLES = new Set(RIDER_TREES.map(({ compatible }) => compatible.replace(VERSION, '')));

export interface Classification {
  readonly kind: DumpKind;
  readonly generation?: Generation;
  /** Why no generation could be named, for a handover. */
  readonly undecided?: string;
  /** Set where it is undecided between the 2024 series and Linux 6.16 to 7.0. */
  readonly either?: true;
}

/**
 * Decides from content alone. `kho-v1` was written by both the 2024 RFC and Linux 6.16 to 7.0: with
 * `preserved-memory-map` it is upstream; without it and with `mem` properties or the RFC's children it
 * is the RFC; with neither it stays undecided.
 */
export function classify(tree: FdtTree): Classification {
  const root = rootNode(tree);
  if (root < 0) return { kind: 'unknown' };
  const property = findProperty(tree, root, 'compatible');
  const compatible =
    property < 0 ? [] : compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
  const version = compatible.map(ownVersion).find((text) => /^kho-v\d+$/.test(text));
  if (version === undefined) {
    if (compatible.some((text) => VERSION.test(text) && RIDER_COMPATIBLES.has(text.replace(VERSION, ''))))
      return { kind: 'rider' };
    if (findNode(tree, '/chosen') >= 0 || findNode(tree, '/cpus') >= 0) {
      return { kind: 'boot-fdt' };
    }
    return { kind: 'unknown' };
  }
  const generation = upstreamNamed(version);
  if (generation === undefined) {
    return { kind: 'handover', undecided: `root compatible "${version}" is not a known version` };
  }
  if (version !== RFC_COMPATIBLE || findProperty(tree, root, 'preserved-memory-map') >= 0) {
    return { kind: 'handover', generation };
  }
  for (const child of children(tree, root)) {
    if (RFC_CHILDREN.has(nodeName(tree, child) ?? '')) return { kind: 'handover', generation: RFC };
  }
  if (hasMemProperty(tree)) return { kind: 'handover', generation: RFC };
  return {
    kind: 'handover',
    either: true,
    undecided: `root compatible "${RFC_COMPATIBLE}" is written by Linux 6.16 to 7.0 and by the 2024 RFC; the tree has neither preserved-memory-map nor a mem property`,
  };
}

function hasMemProperty(tree: FdtTree): boolean {
  for (let token = 0; token < tree.count; token++) {
    if (tree.kind[token] === FdtToken.prop && propertyName(tree, token) === 'mem') return true;
  }
  return false;
}
