/** Where the records of a dump lie. */
import type { RecordType } from '../../schema/record.js';

/** A list of like things whose members stand in for each other. */
export interface RecordInstance {
  readonly record: RecordType<unknown>;
  /** Of its first byte, in the target's image. */
  readonly address: number;
  /** What it is for people, e.g. `session "vm-1" file 2`. */
  readonly what: string;
  /** Instances with this are of one list (the files of one session); its elements are unique where a rule says so. */
  readonly list?: string;
  /** Records that its container holds at most; for counts. */
  readonly capacity?: number;
  /** Records that its container has, or bytes of the blob that it is the header of. */
  readonly length?: number;
  /** The property that it is, of the blob that begins at `blob`. */
  readonly property?: {
    readonly blob: number;
    readonly path: string;
    readonly name: string;
    readonly rider?: string;
  };
}

/** A page of the image that a chain or a tree is made of. */
export interface ChainPage {
  readonly address: number;
  /** Pages of one chain have the same. */
  readonly chain: string;
  readonly what: string;
}

/** A devicetree blob of the image. */
export interface BlobInstance {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Name of the root's child, absent for the root tree and for a lone blob. */
  readonly rider?: string;
}

/** All that is known of a target. */
export interface Instances {
  readonly records: readonly RecordInstance[];
  readonly pages: readonly ChainPage[];
  readonly blobs: readonly BlobInstance[];
}

/** Collects them. */
export interface InstanceSink {
  readonly records: RecordInstance[];
  readonly pages: ChainPage[];
  readonly blobs: BlobInstance[];
}

/** Adds a record; generated records' types differ only in what they read. */
export function addRecord<T>(
  sink: InstanceSink,
  record: RecordType<T>,
  address: bigint | number,
  what: string,
  more: Partial<Omit<RecordInstance, 'record' | 'address' | 'what'>> = {},
): void {
  sink.records.push({ record: record as RecordType<unknown>, address: Number(address), what, ...more });
}
