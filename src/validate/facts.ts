/** Facts that many rules need, each computed once and only when asked for. */

import type { AddressRange, Domain, GuestmemfsFile, Handover, Iommufd } from '../abi/model.js';
import { MEM_EMPTY, MEM_HUGE, MEM_NOINIT, memColumns, memSpans } from '../decode/mem-columns.js';
import { KHO_MEM_NOINIT, type MemProperty, memProperties, pagesOfRanges } from '../decode/mem-properties.js';
import { type PageSet, pageSet, pageSetOfFrames } from '../memory/page-set.js';
import { once } from '../schema/once.js';
import {
  ALLOCATOR_BLOCKS,
  blockNumbers,
  fsMemRange,
  GUESTMEMFS_BLOCK,
} from '../structures/guestmemfs/memory.js';
import { lower } from './numbers.js';

/** A kho_mem record with its place, the flag bit taken apart. */
export interface PlacedRecord {
  readonly property: MemProperty;
  readonly index: number;
  /** Physical byte address without the flag. */
  readonly start: bigint;
  readonly end: bigint;
  readonly noinit: boolean;
}

/** What several rules of the 2024 series ask of a handover; each is worked out when it is first asked for. */
export interface Facts {
  /** Every `mem` property, in the order in which the kernel visits them. */
  memProperties(): readonly MemProperty[];
  /**
   * Their records that pass a test, one at a time (a tree may hold hundreds of thousands). Records that wrap or
   * are empty are left out. Numbers are not exact beyond 2^52, so records that end there pass whatever the test
   * says: callers judge what they get.
   *
   * @param test of byte addresses without the flag, and MEM_ bits. Asked of whole properties and of stretches first:
   *   where it passes a record it has to pass every range around that, with the bits of all records in it
   */
  records(test?: (start: number, end: number, flags: number) => boolean): Iterable<PlacedRecord>;
  /** Pages that some record keeps. */
  preserved(): PageSet;
  /** The records with the flag NOINIT. */
  noinitRecords(): readonly PlacedRecord[];
  /** The NOINIT regions, merged. */
  noinit(): PageSet;
  /** guestmemfs' data region. */
  fsMem(): AddressRange | undefined;
  /** The same as pages; empty when there is none. */
  fsMemPages(): PageSet;
  /** One byte a block of the region, set to 1 by the rule that watches what is mapped; undefined without a region. */
  reachedBlocks(): Uint8Array | undefined;
  /** For each block of the region, 1 + index of the first domain that maps it; filled in by the rule on sharing. */
  blockOwners(): Int32Array | undefined;
  /** Inode numbers that are mapped but not named by the handle of their IOAS; filled in by the rule on handles. */
  unnamedFiles(): Set<number>;
  /** Page-table pages of domains that are not in the dump; filled in by the rule on pins. */
  absentTables(): Set<number>;
  /** Pages of guestmemfs files; undefined when the inode table is not in the dump. */
  filePages(): PageSet | undefined;
  /** Scratch, from setup_data. */
  scratch(): AddressRange | undefined;
  /** The first iommufd with this persistent id. */
  iommufd(persistentId: bigint): Iommufd | undefined;
  /** The first domain with this persistent id. */
  domain(persistentId: bigint): Domain | undefined;
}

/** Facts about one handover. */
export function createFacts(handover: Handover): Facts {
  const { tree, pageSize, iommufds, domains, guestmemfs } = handover;
  const properties = once(() => (tree === undefined ? [] : memProperties(tree)));
  function* records(
    test: (start: number, end: number, flags: number) => boolean = () => true,
  ): Generator<PlacedRecord> {
    for (const property of properties()) {
      if (!property.whole) continue;
      const columns = memColumns(property.records);
      const { start: starts, end: ends, flags, lowest, highest, anyFlag } = columns;
      if ((anyFlag & MEM_HUGE) === 0 && !test(lowest, highest, anyFlag)) continue;
      for (const { first, after, start: from, end: to } of memSpans(property.records)) {
        if (after - first > 1 && !test(from, to, 0)) continue;
        for (let index = first; index < after; index++) {
          const bits = flags[index] as number;
          if ((bits & MEM_EMPTY) !== 0) continue;
          const passes =
            (bits & MEM_HUGE) !== 0 || test(starts[index] as number, ends[index] as number, bits);
          if (!passes) continue;
          const { addr, len } = property.records.at(index);
          const start = addr & ~KHO_MEM_NOINIT;
          if (len === 0n || start + len > 1n << 64n) continue;
          yield { property, index, start, end: start + len, noinit: addr !== start };
        }
      }
    }
  }
  const noinitRecords = once(() =>
    [...records((_start, _end, flags) => (flags & MEM_NOINIT) !== 0)].filter(({ noinit }) => noinit),
  );
  const region = fsMemRange(guestmemfs);
  const blockCount =
    region === undefined
      ? undefined
      : Number(lower((region.end - region.start) / GUESTMEMFS_BLOCK, BigInt(ALLOCATOR_BLOCKS)));
  const iommufdById = once(() => firstById(iommufds ?? []));
  const domainById = once(() => firstById(domains ?? []));
  return {
    memProperties: properties,
    records,
    preserved: once(() => {
      const ranges = handover.preserved?.ranges ?? [];
      return pagesOfRanges(ranges) ?? pageSet(ranges, pageSize);
    }),
    noinitRecords,
    noinit: once(() => pageSet(noinitRecords(), pageSize)),
    fsMem: once(() => fsMemRange(guestmemfs)),
    fsMemPages: once(() => pageSet([fsMemRange(guestmemfs) ?? { start: 0n, end: 0n }], pageSize)),
    reachedBlocks: once(() => (blockCount === undefined ? undefined : new Uint8Array(blockCount))),
    blockOwners: once(() => (blockCount === undefined ? undefined : new Int32Array(blockCount))),
    unnamedFiles: once(() => new Set<number>()),
    absentTables: once(() => new Set<number>()),
    filePages: once(() =>
      guestmemfs?.files === undefined ? undefined : filePages(guestmemfs.files, region, pageSize),
    ),
    scratch: () => handover.scratch?.[0],
    iommufd: (persistentId) => iommufdById().get(persistentId),
    domain: (persistentId) => domainById().get(persistentId),
  };
}

/** The blocks of files as far as they are in the region, as pages. */
function filePages(
  files: readonly GuestmemfsFile[],
  region: AddressRange | undefined,
  pageSize: number,
): PageSet {
  if (region === undefined) return pageSet([], pageSize);
  const limit = Number((region.end - region.start) / GUESTMEMFS_BLOCK);
  const lists = files.flatMap(({ blocks }) => (blocks === undefined ? [] : [blockNumbers(blocks)]));
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let count = 0;
  for (const blocks of lists)
    for (let i = 0; i < blocks.length; i++)
      if ((blocks[i] as number) < limit) all[count++] = blocks[i] as number;
  const inRegion = all.subarray(0, count);
  // Integers are sorted in half the time.
  const sorted = (limit <= 2 ** 32 ? new Uint32Array(inRegion) : inRegion).sort();
  const size = BigInt(pageSize);
  const pages = Number(GUESTMEMFS_BLOCK / size);
  const start = Number(region.start / size);
  // A region that begins within a page has a page more at the end of each block.
  const ragged = region.start % size === 0n ? 0 : 1;
  const runs: { start: number; end: number }[] = [];
  for (let i = 0; i < count; ) {
    const first = sorted[i] as number;
    let end = first + 1;
    for (i++; i < count && (sorted[i] as number) <= end; i++) if (sorted[i] === end) end++;
    runs.push({ start: start + first * pages, end: start + end * pages + ragged });
  }
  return pageSetOfFrames(runs, pageSize);
}

function firstById<T extends { persistentId?: bigint }>(items: readonly T[]): ReadonlyMap<bigint, T> {
  const byId = new Map<bigint, T>();
  for (const item of items) {
    if (item.persistentId !== undefined && !byId.has(item.persistentId)) byId.set(item.persistentId, item);
  }
  return byId;
}
