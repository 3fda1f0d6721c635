/** Ways to damage a built dump at one place, its other parts staying consistent with the damage where they would in a real one. */
import type { Handover } from '../../src/abi/model.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { children, nodeName, properties, propertyName, propertyValue, rootNode } from '../../src/fdt/tree.js';
import { createFdtWriter, type FdtWriter } from '../../src/fdt/writer.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { GUESTMEMFS_INODE, GUESTMEMFS_INODE_SIZE, guestmemfsInode } from '../../src/records/guestmemfs.js';
import type { FieldInfo } from '../../src/schema/record.js';
import { type BuiltDump, cacheBytes, elementBytes, LAYOUT } from './build-dump.js';
import { decodeMemory, type Json } from './json.js';

/** A node with everything in it, to be edited in place. */
export interface PlainNode {
  name: string;
  properties: [name: string, value: Uint8Array][];
  children: PlainNode[];
}

export interface Damage {
  /** Edits the document that the blob is made of. */
  readonly document?: (document: Json) => void;
  /** Edits the blob's nodes afterwards. */
  readonly tree?: (root: PlainNode) => void;
  /** Edits the finished blob. */
  readonly blob?: (blob: Uint8Array) => Uint8Array;
  /** Bytes that are over everything else. */
  readonly patches?: (dump: BuiltDump) => readonly MemorySegment[];
  /** Addresses whose segment is taken out. */
  readonly remove?: readonly number[];
}

/** The damaged dump, decoded from its memory. The mem cache is the one that the kernel makes of the damaged tree. */
export function damaged(dump: BuiltDump, damage: Damage): Handover {
  const document = structuredClone(dump.document);
  damage.document?.(document);
  let { bytes: blob } = encodeBlob(document);
  if (damage.tree !== undefined) {
    const root = plainTree(blob);
    damage.tree(root);
    blob = writeTree(root);
  }
  const cache = cacheBytes(blob);
  const size = blob.length;
  blob = damage.blob?.(blob) ?? blob;
  const replaced = new Set<number>([LAYOUT.tree, LAYOUT.cache, LAYOUT.setupData, ...(damage.remove ?? [])]);
  const segments: MemorySegment[] = [
    ...(damage.patches?.(dump) ?? []),
    { address: LAYOUT.tree, bytes: blob },
    { address: LAYOUT.cache, bytes: cache },
    { address: LAYOUT.setupData, bytes: elementBytes(size, cache.length) },
    ...dump.segments.filter(({ address }) => !replaced.has(address)),
  ];
  return decodeMemory(segmentsMemory(segments, 'damaged'));
}

function plainTree(blob: Uint8Array): PlainNode {
  const tree = parseFdt(blob);
  const plain = (node: number): PlainNode => ({
    name: nodeName(tree, node) ?? '',
    properties: [...properties(tree, node)].map((token): [string, Uint8Array] => [
      propertyName(tree, token) ?? '',
      propertyValue(tree, token) ?? new Uint8Array(0),
    ]),
    children: [...children(tree, node)].map(plain),
  });
  return plain(rootNode(tree));
}

function writeTree(root: PlainNode): Uint8Array {
  const writer = createFdtWriter();
  writeNode(writer, root);
  return writer.finish();
}

function writeNode(writer: FdtWriter, { name, properties, children }: PlainNode): void {
  writer.beginNode(name);
  for (const [property, value] of properties) writer.property(property, value);
  for (const child of children) writeNode(writer, child);
  writer.endNode();
}

/** The node at a path; throws when there is none, as the test then tests nothing. */
export function nodeAt(root: PlainNode, path: string): PlainNode {
  let node = root;
  for (const part of path.split('/').filter((name) => name !== '')) {
    const child = node.children.find(({ name }) => name === part);
    if (child === undefined) throw new Error(`no node ${path}`);
    node = child;
  }
  return node;
}

/** Sets or, without a value, removes a property. */
export function setProperty(path: string, property: string, value?: Uint8Array): Damage {
  return {
    tree: (root) => {
      const node = nodeAt(root, path);
      const at = node.properties.findIndex(([name]) => name === property);
      if (at < 0) throw new Error(`no property ${property}`);
      node.properties.splice(
        at,
        1,
        ...(value === undefined ? [] : [[property, value] as [string, Uint8Array]]),
      );
    },
  };
}

/** Takes a node out. */
export function removeNode(path: string): Damage {
  const parent = path.slice(0, path.lastIndexOf('/'));
  return {
    tree: (root) => {
      const node = nodeAt(root, parent);
      node.children.splice(node.children.indexOf(nodeAt(root, path)), 1);
    },
  };
}

/** Edits the document by a path such as `domains.0.mem.1.addr`. */
export function setKey(path: string, value: unknown): Damage {
  return {
    document: (document) => {
      const keys = path.split('.');
      const last = keys.pop() ?? '';
      let at = document as { [key: string]: unknown };
      for (const key of keys) at = at[key] as { [key: string]: unknown };
      if (!(last in at)) throw new Error(`no key ${path}`);
      if (value !== undefined) at[last] = value;
      else if (Array.isArray(at)) at.splice(Number(last), 1);
      else delete at[last];
    },
  };
}

/** Overwrites bytes of memory. */
export function poke(address: number, bytes: ArrayLike<number>): Damage {
  return { patches: () => [{ address, bytes: Uint8Array.from(bytes) }] };
}

/** Little-endian bytes of a number. */
export function le(value: bigint | number, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return bytes.subarray(0, size);
}

/** Sets a field of an inode in the table. */
export function setInode(
  ino: number,
  field: keyof typeof GUESTMEMFS_INODE,
  value: bigint | number | Uint8Array,
): Damage {
  const info: FieldInfo | undefined = guestmemfsInode.fields.find(({ id }) => id === field);
  const bytes = value instanceof Uint8Array ? value : le(value, (info?.bitWidth ?? 64) / 8);
  return poke(LAYOUT.inodes + (ino - 1) * GUESTMEMFS_INODE_SIZE + GUESTMEMFS_INODE[field], bytes);
}

/** Several damages at once. */
export function both(...damages: readonly Damage[]): Damage {
  return {
    document: (document) => {
      for (const damage of damages) damage.document?.(document);
    },
    tree: (root) => {
      for (const damage of damages) damage.tree?.(root);
    },
    patches: (dump) => damages.flatMap((damage) => damage.patches?.(dump) ?? []),
    remove: damages.flatMap((damage) => damage.remove ?? []),
  };
}
