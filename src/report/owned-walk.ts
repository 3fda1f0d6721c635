/** Leaves with the owner of the memory that they map, and whether it is preserved: for people and as data. */

import type { Handover } from '../abi/model.js';
import { type FilePages, type FolioHolder, filePages } from '../decode/iommu/file-pages.js';
import { pageSet } from '../memory/page-set.js';
import { escapeJson, escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex, thousands } from '../schema/units.js';
import { fsMemRange } from '../structures/guestmemfs/memory.js';
import { jsonOf, sizeText, tableOf } from '../vtd/text/table.js';
import { type LeafBatch, pagesPerEntry } from '../vtd/walk/batch.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import { type MappedRun, mergeRuns } from '../vtd/walk/runs.js';
import type { TableVisit } from '../vtd/walk/state.js';
import { holderText } from './held-text.js';
import { nameKeys } from './text-json.js';

const PAGE = 4096;

/** An owner that is not a file of a session. */
interface Region {
  /** Page frames, half-open. */
  readonly start: number;
  readonly end: number;
  readonly kind: 'guestmemfs' | 'reserve-mem';
  readonly name: Uint8Array | string;
  /** Bytes of the file or region before `start`. */
  readonly offset: number;
}

/** What a handover says of memory, asked by page frames of 4 KiB. */
export interface Owners {
  readonly files: FilePages;
  readonly regions: readonly Region[];
  /** Undefined where the dump does not tell what is preserved. */
  readonly kept?: {
    coveredUntil(first: number, limit: number): number;
    nextCovered(first: number, limit: number): number;
  };
}

/** A run, or the part of one that has one owner and is preserved, or is not. */
export interface OwnedRun extends MappedRun {
  readonly kept?: boolean;
  readonly file?: FolioHolder;
  readonly region?: Region;
  /** Page of the file or region. */
  readonly page?: number;
}

/** The owners of a handover; undefined where it has pages of another size than the tables. */
export function ownersOf(handover: Handover): Owners | undefined {
  const { preserved, pageSize, memblock, guestmemfs } = handover;
  if (pageSize !== PAGE) return undefined;
  const kept = preserved === undefined ? undefined : (preserved.pages ?? pageSet(preserved.ranges, PAGE));
  const regions: Region[] = [];
  for (const { name = '', start, size } of memblock?.regions ?? [])
    if (start !== undefined && size !== undefined)
      regions.push({ ...frames(start, start + size), kind: 'reserve-mem', name, offset: 0 });
  if (fsMemRange(guestmemfs) !== undefined)
    for (const { name, extents } of guestmemfs?.files ?? []) {
      let offset = 0;
      for (const { start, end } of extents) {
        regions.push({ ...frames(start, end), kind: 'guestmemfs', name, offset });
        offset += Number(end - start);
      }
    }
  regions.sort((a, b) => a.start - b.start);
  return { files: filePages(handover), regions, ...(kept === undefined ? {} : { kept }) };
}

function frames(start: bigint, end: bigint): { start: number; end: number } {
  return { start: Math.floor(Number(start) / PAGE), end: Math.ceil(Number(end) / PAGE) };
}

/** Cuts runs where the owner changes, or whether they are preserved. */
export function* ownedRuns(runs: Iterable<MappedRun>, owners: Owners): Generator<OwnedRun> {
  for (const run of runs) {
    const { iova, target, pages, level } = run;
    for (const part of ownedParts(owners, target, target + pages)) {
      for (const { start, end, kept } of keptParts(owners, part.start, part.end)) {
        const own = end - start;
        const leaves = own === pages ? run.leaves : Math.ceil(own / pagesPerEntry(level));
        const { page, file, region } = part;
        yield {
          ...run,
          ...{ iova: iova + start - target, target: start, pages: own, leaves },
          ...(kept === undefined ? {} : { kept }),
          ...(file === undefined ? {} : { file }),
          ...(region === undefined ? {} : { region }),
          ...(page === undefined ? {} : { page: page + start - part.start }),
        };
      }
    }
  }
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly file?: FolioHolder;
  readonly region?: Region;
  readonly page?: number;
}

function* ownedParts({ files, regions }: Owners, first: number, limit: number): Generator<Part> {
  for (const { start, end, holder, page } of files.parts(first, limit)) {
    if (holder !== undefined && page !== undefined) {
      yield { start, end, file: holder, page };
      continue;
    }
    let at = start;
    for (const region of regions) {
      if (region.start >= end) break;
      if (region.end <= at) continue;
      if (region.start > at) yield { start: at, end: region.start };
      const from = Math.max(at, region.start);
      at = Math.min(end, region.end);
      yield { start: from, end: at, region, page: region.offset / PAGE + from - region.start };
    }
    if (at < end) yield { start: at, end };
  }
}

function* keptParts(
  { kept }: Owners,
  first: number,
  limit: number,
): Generator<{ start: number; end: number; kept?: boolean }> {
  if (kept === undefined) {
    yield { start: first, end: limit };
    return;
  }
  for (let at = first; at < limit; ) {
    const covered = kept.coveredUntil(at, limit);
    if (covered > at) yield { start: at, end: covered, kept: true };
    const next = kept.nextCovered(covered, limit);
    if (next > covered) yield { start: covered, end: next, kept: false };
    at = next;
  }
}

/** What a walk adds up to, in pages of 4 KiB. */
interface Totals {
  leaves: number;
  pages: number;
  unpreserved: number;
  unowned: number;
}

/** A table that nothing preserves. */
interface Table {
  readonly address: number;
  readonly level: number;
  readonly iova: number;
}

/** Tables that are listed; more are counted. */
const MOST_TABLES = 4096;

/** How a walk is told. */
export interface OwnedWalk {
  readonly owners: Owners;
  /** Only what nothing preserves. */
  readonly unpreserved: boolean;
  /** To be told of the tables of the walk. */
  onTable(table: TableVisit): void;
  table(
    batches: Iterable<LeafBatch>,
    format: EntryFormat,
    attributes: (run: MappedRun) => string,
  ): Generator<string>;
  /** The rows of `runs`; {@link OwnedWalk.json} goes after them. */
  rows(
    batches: Iterable<LeafBatch>,
    format: EntryFormat,
    attributes: (run: MappedRun) => string,
  ): Generator<string>;
  /** Keys after the rows, from a comma on. */
  json(): string;
}

export function ownedWalk(owners: Owners, unpreserved: boolean): OwnedWalk {
  const totals: Totals = { leaves: 0, pages: 0, unpreserved: 0, unowned: 0 };
  const tables: Table[] = [];
  let seen = 0;
  let unkept = 0;

  function* told(batches: Iterable<LeafBatch>, format: EntryFormat): Generator<OwnedRun> {
    for (const run of ownedRuns(mergeRuns(batches, format), owners)) {
      const { leaves, pages, kept, file, region } = run;
      totals.leaves += leaves;
      totals.pages += pages;
      if (kept === false) totals.unpreserved += pages;
      if (file === undefined && region === undefined) totals.unowned += pages;
      if (!unpreserved || kept === false) yield run;
    }
  }

  return {
    owners,
    unpreserved,
    onTable({ address, level, iova }) {
      seen++;
      const frame = address / PAGE;
      if (owners.kept === undefined || owners.kept.coveredUntil(frame, frame + 1) > frame) return;
      unkept++;
      if (tables.length < MOST_TABLES) tables.push({ address, level, iova });
    },
    *table(batches, format, attributes) {
      yield* tableOf(
        told(batches, format),
        (run) => `${attributes(run).padEnd(5)} ${keptText(run).padEnd(4)} ${ownerText(run)}`,
        'ACCESS   KEPT OWNER',
      );
      if (unpreserved && unkept > 0) {
        yield `${'TABLE'.padEnd(18)} ${'LEVEL'.padEnd(6)} IOVA\n`;
        for (const { address, level, iova } of tables)
          yield `${hex(address).padEnd(18)} ${`${level}`.padEnd(6)} ${hex(BigInt(iova) * 4096n)}\n`;
        if (unkept > tables.length) yield `and ${unkept - tables.length} more tables\n`;
      }
      const keptOf =
        owners.kept === undefined
          ? 'nothing tells what is preserved'
          : `${sizeText(totals.unpreserved)} not preserved`;
      const keptTables = owners.kept === undefined ? '' : `, ${unkept} not preserved`;
      yield `total ${thousands(totals.leaves)} leaves, ${sizeText(totals.pages)}: ${keptOf}, ${sizeText(totals.unowned)} without an owner; ${thousands(seen)} tables${keptTables}\n`;
    },
    rows: (batches, format, attributes) => jsonOf(told(batches, format), attributes, ownerJson),
    json() {
      const bytes = (pages: number): string => hex(BigInt(pages) * 4096n);
      const sums = {
        ...{
          leaves: totals.leaves,
          bytes: bytes(totals.pages),
          unowned: bytes(totals.unowned),
          tables: seen,
        },
        ...(owners.kept === undefined
          ? {}
          : { unpreserved: bytes(totals.unpreserved), unpreservedTables: unkept }),
      };
      const list = tables.map(({ address, level, iova }) => ({
        ...{ address: hex(address), level, iova: hex(BigInt(iova) * 4096n) },
      }));
      const more = unpreserved ? `,"tables":${JSON.stringify(list)}` : '';
      return `,"totals":${escapeJson(JSON.stringify(sums))}${more}`;
    },
  };
}

function keptText({ kept }: OwnedRun): string {
  return kept === undefined ? '?' : kept ? 'yes' : 'no';
}

/** A file, its session and token, and a place in it; a dash where nothing has the memory. */
function ownerText({ file, region, page = 0 }: OwnedRun): string {
  if (file !== undefined) return holderText(file, page);
  if (region === undefined) return '-';
  const { kind, name } = region;
  const text = typeof name === 'string' ? name : bytesToText(name).text;
  const what = kind === 'guestmemfs' ? 'guestmemfs file' : 'reserve_mem';
  return `${what} ${escapeText(JSON.stringify(text))} at ${hex(page * PAGE)}`;
}

function ownerJson({ kept, file, region, page = 0 }: OwnedRun): object {
  const own = kept === undefined ? {} : { kept };
  if (file !== undefined) {
    const { session, file: each } = file;
    const holds = {
      ...nameKeys('session', session.name),
      token: hex(each.token),
      fileOffset: hex(page * PAGE),
    };
    return { ...own, holds };
  }
  if (region === undefined) return own;
  const { kind, name } = region;
  if (kind === 'reserve-mem') return { ...own, holds: { reserveMem: `${name}`, offset: hex(page * PAGE) } };
  const keys = typeof name === 'string' ? { guestmemfs: name } : nameKeys('guestmemfs', name);
  return { ...own, holds: { ...keys, fileOffset: hex(page * PAGE) } };
}
