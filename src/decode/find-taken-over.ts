/**
 * Whether the kernel of the dump has taken a tree over. From then on what it consumes at boot (the map's pages, LUO's
 * blob, later the sessions' lists) is memory like any other, and says nothing of what was handed over.
 */

import type { AddressRange } from '../abi/origin.js';
import type { FdtTree } from '../fdt/parse.js';
import { children, findProperty, propertyValue, rootNode } from '../fdt/tree.js';
import { type PageMarks, pageMarks } from '../memory/kernel/page-marks.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import type { Vmcoreinfo } from '../memory/vmcoreinfo.js';
import { PRESERVED_DATA_SIZE, readPreservedData, readPreservedMemoryMap } from '../records/kho_root.js';
import { hex } from '../schema/units.js';
import { factsOf } from '../versions/generations.js';
import { dataView } from './bytes.js';
import { classify } from './classify.js';
import { type Direction, kexecCount } from './find-direction.js';
import { parseOnce } from './parsed.js';

/** Names of the property, newest first (upstream 2.2.1). */
const BLOB_PROPERTIES = ['preserved-data', 'fdt'];

/** What shows that a kernel has taken a tree over. */
export interface TakenOverTree {
  /** For people. */
  readonly why: string;
  /** What this kernel has not restored yet. */
  readonly left?: LeftBlocks;
}

/** The marks of a kernel that was handed a tree. */
export interface LeftBlocks {
  readonly marks: PageMarks;
  /** Physical addresses of the tree and of its riders' blobs, which that kernel uses where they are. */
  readonly kept: readonly number[];
}

/** What is known of a tree in memory (FoundTree). */
interface Tree {
  readonly addresses: readonly bigint[];
  readonly bytes: Uint8Array;
  readonly direction?: Direction;
  readonly scratch?: readonly AddressRange[];
  readonly takenOver?: TakenOverTree;
  readonly writerLeft?: LeftBlocks;
}

/** What a search has found (Findings). */
interface Found<T extends Tree> {
  readonly trees: readonly T[];
  readonly others: readonly T[];
  readonly vmcoreinfo: readonly { readonly info: Vmcoreinfo }[];
}

/**
 * Adds to every tree whether it was taken over, and to those that the same kernel prepares what it has left. Proof is
 * either of:
 * - struct page of the tree's own page has the mark of a block that was handed over: only the kernel that read the
 *   map can have put it there, so a tree at start_kernel never has it, however broken;
 * - another tree has one more kexec: the kernel makes it at boot, after it has read the map.
 *
 * @param note VMCOREINFO of the file's own headers
 */
export function withTakenOver<T extends Tree, F extends Found<T>>(
  findings: F & Found<T>,
  memory: PhysicalMemory,
  note?: Vmcoreinfo,
): F {
  const all = [...findings.trees, ...findings.others];
  if (all.length === 0) return findings;
  const marks = kernelMarks(findings, memory, note);
  const told = new Map<T, TakenOverTree>();
  for (const tree of all) {
    const taken = byMark(tree, marks) ?? bySuccessor(tree, all, memory);
    if (taken !== undefined) told.set(tree, taken);
  }
  const left = [...told.values()].find(({ left }) => left !== undefined)?.left;
  const successor = soleSuccessor(all, told, memory);
  // Every kernel hands its scratch regions on as it got them.
  const scratch = [...told.keys()].find((tree) => tree.scratch !== undefined)?.scratch;
  const add = (tree: T): T => {
    const takenOver = told.get(tree);
    if (takenOver !== undefined) return { ...tree, takenOver };
    const directed: T = tree === successor ? { ...tree, direction: 'outgoing' } : tree;
    if (directed.direction !== 'outgoing' || told.size === 0) return directed;
    return {
      ...directed,
      ...(left === undefined ? {} : { writerLeft: left }),
      ...(directed.scratch !== undefined || scratch === undefined ? {} : { scratch }),
    };
  };
  return { ...findings, trees: findings.trees.map(add), others: findings.others.map(add) };
}

/**
 * The tree that the next kexec hands over, where the dump has one beside what its kernel was handed: its direction is
 * told by kexec counts, or the other tree is known to be taken over; and it is finalised, as it has a map.
 *
 * @returns the findings with only that tree in them, or without the trees that were taken over where others remain
 */
export function preferPrepared<T extends Tree, F extends Found<T>>(
  findings: F & Found<T>,
  memory: PhysicalMemory,
): F {
  const all = [...findings.trees, ...findings.others];
  const outgoing = all.filter(({ direction }) => direction === 'outgoing');
  const isCertain = ({ bytes }: T) =>
    kexecCount(parseOnce(bytes), memory) !== undefined ||
    all.some(({ takenOver }) => takenOver !== undefined);
  const prepared = outgoing.filter((tree) => isFinal(parseOnce(tree.bytes)) && isCertain(tree));
  if (prepared.length === 1) return only(findings, prepared);
  const fresh = findings.trees.filter(({ takenOver }) => takenOver === undefined);
  return fresh.length > 0 && fresh.length < findings.trees.length ? only(findings, fresh) : findings;
}

function only<T extends Tree, F extends Found<T>>(findings: F & Found<T>, trees: readonly T[]): F {
  const all = [...findings.trees, ...findings.others];
  return { ...findings, trees, others: all.filter((tree) => !trees.includes(tree)) };
}

/**
 * Up to 7.0 the outgoing tree exists from boot on, with a map of 0 until it is finalised. Later kernels write the map's
 * address once, at boot: 0 is then a fault of the tree that the next kexec hands over.
 */
function isFinal(tree: FdtTree): boolean {
  return factsOf(classify(tree).generation)?.mapWrittenLate !== true || hasMap(tree);
}

function hasMap(tree: FdtTree): boolean {
  const root = rootNode(tree);
  const property = root < 0 ? -1 : findProperty(tree, root, 'preserved-memory-map');
  const value = property < 0 ? undefined : propertyValue(tree, property);
  return value?.length === 8 && readPreservedMemoryMap(dataView(value), 0).value !== 0n;
}

/** A dump may hold the VMCOREINFO of two kernels, and two copies of each. */
function kernelMarks(
  { vmcoreinfo }: Pick<Found<Tree>, 'vmcoreinfo'>,
  memory: PhysicalMemory,
  note: Vmcoreinfo | undefined,
): PageMarks[] {
  const seen = new Set<string>();
  return [...(note === undefined ? [] : [note]), ...vmcoreinfo.map(({ info }) => info)].flatMap((info) => {
    const { values } = info;
    const key = ['SYMBOL(swapper_pg_dir)', 'NUMBER(phys_base)', 'NUMBER(kimage_voffset)', 'SYMBOL(vmemmap)']
      .map((name) => values.get(name) ?? '')
      .join();
    if (seen.has(key)) return [];
    seen.add(key);
    return pageMarks(memory, info) ?? [];
  });
}

function byMark({ addresses, bytes }: Tree, marks: readonly PageMarks[]): TakenOverTree | undefined {
  for (const address of addresses) {
    const at = physicalAddress(address);
    const own = at === undefined ? undefined : marks.find((kernel) => typeof kernel.orderAt(at) === 'number');
    if (own !== undefined) {
      const why = `struct page of ${hex(address)} has the mark of a block that was handed over (page.private)`;
      return { why, left: { marks: own, kept: [at ?? 0, ...blobAddresses(parseOnce(bytes))] } };
    }
  }
  return undefined;
}

/** Where the riders' blobs are: a u64 property of each child of the root. */
function blobAddresses(tree: FdtTree): number[] {
  const root = rootNode(tree);
  return root < 0
    ? []
    : [...children(tree, root)].flatMap((child) => {
        const property = BLOB_PROPERTIES.map((name) => findProperty(tree, child, name)).find((at) => at >= 0);
        const value = property === undefined ? undefined : propertyValue(tree, property);
        if (value?.length !== PRESERVED_DATA_SIZE) return [];
        return physicalAddress(readPreservedData(dataView(value), 0).value) ?? [];
      });
}

/**
 * Where a kernel is known to have taken a tree over and no tree is told to be its outgoing one, the only other that can
 * be, whatever its kexec-metadata says: one that was made before has a lower count.
 */
function soleSuccessor<T extends Tree>(
  all: readonly T[],
  told: ReadonlyMap<T, TakenOverTree>,
  memory: PhysicalMemory,
): T | undefined {
  const incoming = all.find((tree) => tree.direction === 'incoming' && told.get(tree)?.left !== undefined);
  if (incoming === undefined || all.some(({ direction }) => direction === 'outgoing')) return undefined;
  const base = kexecCount(parseOnce(incoming.bytes), memory) ?? -1;
  const later = all.filter((tree) => {
    const count = kexecCount(parseOnce(tree.bytes), memory);
    return !told.has(tree) && tree.direction === undefined && (count === undefined || count > base);
  });
  return later.length === 1 ? later[0] : undefined;
}

function bySuccessor(
  { bytes, direction }: Tree,
  all: readonly Tree[],
  memory: PhysicalMemory,
): TakenOverTree | undefined {
  const count = direction === 'incoming' ? kexecCount(parseOnce(bytes), memory) : undefined;
  const next = all.find(
    (tree) =>
      count !== undefined &&
      tree.direction === 'outgoing' &&
      kexecCount(parseOnce(tree.bytes), memory) === count + 1,
  );
  if (next === undefined) return undefined;
  return {
    why: `the tree at ${hex(next.addresses[0] ?? 0n)} is what its reader prepares for the next kexec`,
  };
}
