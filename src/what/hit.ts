/** What lies at an address, as the references of a handover tell it. */
import type { VmallocArea } from '../abi/upstream/model.js';
import type { BlobInstance } from '../references/instance.js';
import type { RecordType } from '../schema/record.js';
import type { BitmapPlace } from '../structures/map/bitmaps.js';
import type { RadixPlace } from '../structures/map/places.js';

/** A structure that has a byte at the address. */
interface Base {
  /** Physical address of its first byte. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** What it is for people. */
  readonly what: string;
}

/** A record; of an area of pages that are apart, with its place in it. */
export interface RecordHit extends Base {
  readonly kind: 'record';
  readonly record: RecordType<unknown>;
  /** Start of the records that are before it without a gap. */
  readonly block?: number;
  /** The property that it is, by the path of its node. */
  readonly property?: { readonly path: string; readonly name: string };
  readonly area?: { readonly area: VmallocArea; readonly offset: number };
}

/** A page of a chain, a blob, a bitmap, a run of an area, or bytes that nothing more is known of. */
export interface PlaceHit extends Base {
  readonly kind: 'page' | 'bitmap' | 'bytes' | 'run';
  /** Pages of one chain have the same. */
  readonly chain?: string;
  /** Of a bitmap of the preserved map: the blocks that its bits are. */
  readonly blocks?: BitmapPlace;
}

/** An address in the blob of a tree. */
export interface BlobHit extends Base {
  readonly kind: 'blob';
  readonly blob: BlobInstance;
}

/** A page of the radix tree. */
export interface RadixHit extends Base {
  readonly kind: 'radix';
  readonly place: RadixPlace;
}

/** An entry of a page table. */
export interface TableEntry {
  /** Physical address of the entry, and of its table. */
  readonly address: number;
  readonly table: number;
  /** 1 = PTE. */
  readonly level: number;
  /** 0..511. */
  readonly index: number;
}

/** A page table. */
export interface TableHit extends Base {
  readonly kind: 'table';
  readonly stage: 'first' | 'second';
  readonly level: number;
  /** The entry at the address. */
  readonly index: number;
  /** First IOVA that the table serves, in bytes. */
  readonly iova: number;
  /** How the entry is laid out; undefined where it is not known. */
  readonly record?: RecordType<unknown>;
  /** Physical address of the top table. */
  readonly root: bigint;
  /** Entries that lead here, the nearest first; none for the top table. */
  readonly path: readonly TableEntry[];
  /** Whose it is. */
  readonly owner: string;
}

/** Something that is at an address. */
export type Hit = RecordHit | PlaceHit | BlobHit | RadixHit | TableHit;

/** The kernel's name of a record, as locations of findings have it. */
export function recordName({ kernelName }: Pick<RecordType<unknown>, 'kernelName'>): string {
  return kernelName.startsWith('struct ') ? kernelName.slice('struct '.length) : kernelName;
}
