/** Where the records of a dump are, as its model knows it. */

import type { RecordType } from '../schema/record.js';
import type { BitmapPlace } from '../structures/map/bitmaps.js';

/** What is known of a record beside its place. */
export interface RecordTraits {
  /** Instances with this are of one list (the files of one session); its elements are unique where a rule says so. */
  readonly list?: string;
  /** Records that its container holds at most; for counts. */
  readonly capacity?: number;
  /** Records that its container has, or bytes of the blob that it is the header of. */
  readonly length?: number;
  /** The remapping unit that it is a structure of: its place among those that were given. */
  readonly unit?: number;
  /** The property that it is, of the blob that begins at `blob`. */
  readonly property?: {
    readonly blob: number;
    readonly path: string;
    readonly name: string;
    readonly rider?: string;
  };
}

/** A record. */
export interface RecordInstance extends RecordTraits {
  readonly record: RecordType<unknown>;
  /** Physical address of its first byte; in a lone blob its offset. */
  readonly address: number;
  /** What it is for people, e.g. `session "vm-1" file 2`. */
  readonly what: string;
}

/** A page that a chain or a tree is made of. */
export interface ChainPage {
  readonly address: number;
  /** Bytes of a page. */
  readonly length: number;
  /** Pages of one chain have the same. */
  readonly chain: string;
  readonly what: string;
}

/** A devicetree blob. */
export interface BlobInstance {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Name of the root's child, absent for the root tree and for a lone blob. */
  readonly rider?: string;
}

/** Bytes of a bitmap, or a page of one. */
export interface BitmapInstance {
  readonly address: number;
  readonly length: number;
  /** Bytes from its start whose bits stand for something. */
  readonly used: number;
  readonly what: string;
  /** Of a bitmap of the map: the blocks that its bits are. */
  readonly blocks?: BitmapPlace;
}

/** How much of what grows with a dump is listed; of a longer list what is evenly spread over it. */
export interface InstanceLimits {
  /** Records of one list: folios, runs of a list page, properties of one packed array. */
  readonly list: number;
  /** Entries of one page of a table or of the radix tree. */
  readonly entries: number;
  /** Tables of one domain, in the order of the walk. */
  readonly tables: number;
}

/** All that is known of a dump. */
export interface Instances {
  readonly records: readonly RecordInstance[];
  readonly pages: readonly ChainPage[];
  readonly blobs: readonly BlobInstance[];
  readonly bitmaps: readonly BitmapInstance[];
}

/** Indices of a list of `length`: all, or `limit` of them with the first and the last. */
export function* sampled(length: number, limit: number): Generator<number> {
  const count = Math.min(length, limit);
  const step = count > 1 ? (length - 1) / (count - 1) : 1;
  for (let i = 0; i < count; i++) yield Math.floor(i * step);
}
