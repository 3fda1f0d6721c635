/** Who hears where the records of a handover are. */

import type { PreservedPages, VmallocArea } from '../abi/upstream/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { RecordType } from '../schema/record.js';
import type { MapTree } from '../structures/map/places.js';
import type { LeafBatch } from '../vtd/walk/batch.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import type { Claim, Owner, Untold } from './claim.js';
import type { BitmapInstance, BlobInstance, ChainPage, RecordTraits } from './instance.js';

/** Records of one type, end to end in memory or through a preserved area. */
export interface RecordArray {
  /** Of fixed size. */
  readonly record: RecordType<unknown>;
  readonly count: number;
  /** Physical address of the first, or the area that begins with it. */
  readonly at: number | bigint | VmallocArea;
  /** What the i-th is for people; asked only for those that are listed. */
  readonly what: (i: number) => string;
  readonly traits: RecordTraits;
}

/** A page table of a domain, valid until the call returns. */
export interface TablePage {
  readonly address: number;
  readonly level: number;
  readonly format: EntryFormat;
  readonly stage: 'first' | 'second';
  /** Whose it is, e.g. `domain 2`. */
  readonly owner: string;
  /** Its entries, as two words each, low one first. */
  readonly words: Int32Array;
  /** Indices of its present entries, ascending. Hardware ignores the other bits of all others (vtd.md 1.8). */
  readonly present: Uint16Array;
  /** Physical address of the entry that leads here first; -1 for the top table. */
  readonly entryAddress: number;
  /** First IOVA that it serves, as a page frame number. */
  readonly iova: number;
  /** Physical address of the top table. */
  readonly root: bigint;
}

/**
 * Told of a handover structure by structure. Nothing that grows with the dump is told one by one where it is end to
 * end, so that a listener alone decides what it holds.
 */
export interface ReferenceSink {
  /** A devicetree blob. Its properties are inside, along the binding, which `addBlobRecords` reads. */
  blob(blob: BlobInstance, binding: object | undefined): void;
  /** One record. */
  record(record: RecordType<unknown>, address: number | bigint, what: string, traits?: RecordTraits): void;
  array(array: RecordArray): void;
  /** A page of a chain; its records are told besides. */
  page(page: ChainPage): void;
  radix(tree: MapTree, pageSize: number): void;
  bitmap(bitmap: BitmapInstance): void;
  /** A page table; not told as a page too. */
  table(table: TablePage): void;
  /**
   * Bytes of a structure that is read as a whole, whatever records in it are told besides: a table with free entries,
   * a record that nothing is known of.
   *
   * @param length bytes
   */
  bytes(address: number | bigint, length: number): void;
  /** Memory that somebody has; records that are in it are told besides. */
  claim?(claim: Claim): void;
  /** Memory of which nothing, or not all, is told. */
  untold?(untold: Untold): void;
  /** Nothing but claims is heard: what is read for the rest alone need not be. */
  readonly claimsOnly?: true;
  /** Leaves below a top table, in IOVA order, merged into runs; the batch is reused. */
  mapped?(batch: LeafBatch, root: bigint): void;
  /** Page tables are not walked: neither they nor what they map is told. */
  readonly untranslated?: true;
  /** Page tables are walked for what they map; they are not told themselves, and not read for that. */
  readonly mappedOnly?: true;
}

/** What the structures of one handover have in common. */
export interface ReferenceContext {
  readonly sink: ReferenceSink;
  readonly memory: PhysicalMemory;
  /** Bytes of a page. */
  readonly pageSize: number;
  readonly preserved: PreservedPages | undefined;
  /** Who has what is told; undefined where that is not known. */
  readonly owner?: Owner;
}

const ignore = (): void => {};

/** Hears nothing: what a listener does not say for itself. */
export const SILENT: ReferenceSink = {
  blob: ignore,
  record: ignore,
  array: ignore,
  page: ignore,
  radix: ignore,
  bitmap: ignore,
  table: ignore,
  bytes: ignore,
};
