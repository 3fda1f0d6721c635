/**
 * Every `mem` property of a 2024-RFC tree. The core recognises them by name alone, on any node at any
 * depth, and skips one whose length is not a multiple of a record (kernel/kexec_kho_out.c, kho_alloc_mem_cache).
 */
import type { MemStretch } from '../abi/mem-cache.js';
import type { AddressRange } from '../abi/model.js';
import { type RecordView, recordView } from '../abi/record-view.js';
import type { FdtTree } from '../fdt/parse.js';
import { nodePath, propertyName, propertyValue } from '../fdt/tree.js';
import { type PageRange, type PageSet, pageSet, unionOf } from '../memory/page-set.js';
import { FdtToken } from '../records/fdt.js';
import { KHO_MEM_SIZE, type KhoMem, khoMem } from '../records/kho.js';
import { KHO_MEM_NOINIT } from '../structures/tree-memory.js';
import { memPages, memStretches } from './mem-columns.js';

export { KHO_MEM_NOINIT };

/** A property `mem` of the 2024 series: records of memory that is kept. */
export interface MemProperty {
  /** Token index of the property. */
  readonly token: number;
  /** Token index of its node. */
  readonly node: number;
  readonly path: string;
  readonly records: RecordView<KhoMem>;
  /** False when the length is not a multiple of a record, and the kernel skips the property. */
  readonly whole: boolean;
}

const known = new WeakMap<FdtTree, readonly MemProperty[]>();

/** Domains and buffers of CPUs have one each; no host has so many, and each takes some 4 KiB. */
export const MOST_MEM_PROPERTIES = 2 ** 16;

/** The first `mem` properties, in blob order (which is the order in which the kernel visits them); the same each time. */
export function memProperties(tree: FdtTree): readonly MemProperty[] {
  let properties = known.get(tree);
  if (properties === undefined) {
    properties = [...propertiesOf(tree)];
    known.set(tree, properties);
  }
  return properties;
}

/** Gives those that the model has too the same view of their records: what is worked out of it is worked out once. */
export function shareRecords(
  tree: FdtTree,
  objects: readonly { mem?: RecordView<KhoMem> | undefined }[],
): void {
  const byOffset = new Map(memProperties(tree).map((each) => [each.records.bytes.byteOffset, each.records]));
  for (const object of objects) {
    const { bytes } = object.mem ?? {};
    const same = bytes === undefined ? undefined : byOffset.get(bytes.byteOffset);
    if (same?.bytes.buffer === bytes?.buffer && same?.length === object.mem?.length && same !== undefined)
      object.mem = same;
  }
}

function* propertiesOf(tree: FdtTree): Generator<MemProperty> {
  let count = 0;
  for (let token = 0; token < tree.count; token++) {
    if (tree.kind[token] !== FdtToken.prop || propertyName(tree, token) !== 'mem') continue;
    if (++count > MOST_MEM_PROPERTIES) return;
    const node = tree.parent[token] ?? -1;
    const bytes = propertyValue(tree, token) ?? new Uint8Array(0);
    yield {
      token,
      node,
      path: node < 0 ? '/' : nodePath(tree, node),
      records: recordView(khoMem, bytes),
      whole: bytes.length % KHO_MEM_SIZE === 0,
    };
  }
}

/** The records of properties that the kernel does not skip, as stretches, in the order in which it visits them. */
export function* visitedRecords(properties: Iterable<MemProperty>): Generator<MemStretch> {
  for (const { whole, records } of properties) if (whole) yield* memStretches(records);
}

/**
 * The pages that `mem` properties keep: flag bit cleared, rounded out to pages, merged, ascending.
 * Records that are empty or wrap past 2^64 keep nothing.
 *
 * @param pageSize bytes
 */
export function memRanges(tree: FdtTree, pageSize: number): AddressRange[] {
  const size = BigInt(pageSize);
  const pages = keptPages(tree, pageSize);
  const ranges: AddressRange[] = [];
  for (const { start, end } of pages.runs())
    ranges.push({ start: BigInt(start) * size, end: BigInt(end) * size });
  pagesOf.set(ranges, pages);
  return ranges;
}

const pagesOf = new WeakMap<object, PageSet>();

/** The pages of ranges as {@link memRanges} gave them out, which need not be worked out again; else undefined. */
export function pagesOfRanges(ranges: Iterable<AddressRange>): PageSet | undefined {
  return pagesOf.get(ranges);
}

function keptPages(tree: FdtTree, pageSize: number): PageSet {
  const sets: PageSet[] = [];
  const others: PageRange[] = [];
  for (const { whole, records } of memProperties(tree)) {
    if (!whole) continue;
    const own = memPages(records, pageSize);
    sets.push(own.pages);
    for (const index of own.others) {
      const { addr, len } = records.at(index);
      const from = addr & ~KHO_MEM_NOINIT;
      if (len !== 0n && from + len <= 1n << 64n) others.push({ start: from, end: from + len });
    }
  }
  return unionOf([...sets, pageSet(others, pageSize)], pageSize);
}
