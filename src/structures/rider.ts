/** What the blob of a child of the root is, of those that releases have: a tree, or a record. */
import type { RecordType } from '../schema/record.js';
import type { VmallocArea } from './folios.js';
import type { TreeBinding } from './tree.js';

/** Keys of riders in the model and in JSON. */
export type RiderKey = 'kexecMetadata' | 'luo' | 'khoTest' | 'memblock';

/** What of a model or of a document a rider is. */
export type RiderPart = Readonly<Record<string, unknown>>;

/** A rider that is a record, at least in some version. */
export interface RiderRecord {
  /** Whether bytes on their own begin like it. */
  fits(bytes: Uint8Array): boolean;
  /** The kernel frees its memory early: bytes that are not it are somebody else's by now. */
  readonly freed?: true;
}

/** Memory that a rider hands over: bytes that no record describes. */
export interface RiderContents {
  /** What names it among all that the rider has. */
  readonly names?: { readonly region: string };
  /** In the words of findings: `memblock region "x"`. */
  readonly name: string;
  /** What the memory is: `contents`. */
  readonly what: string;
  /** Records that name a run each: the area that they begin in, and words for one. */
  readonly entries?: {
    readonly record: RecordType<unknown>;
    readonly at: VmallocArea;
    readonly what: (i: number) => string;
  };
  /** Nobody copies it. */
  readonly fixed?: true;
  /** Physical bytes, half-open, with where they are among them. */
  runs(): Iterable<{
    readonly start: number | bigint;
    readonly end: number | bigint;
    readonly position?: number;
  }>;
}

/** A child of the root by its name. */
export interface Rider {
  readonly name: string;
  readonly key: RiderKey;
  /** What it is part of, where it is not in the dump. */
  readonly part: 'metadata' | 'luo' | 'kho-test' | 'memblock';
  /** Its blob stays what it was while the kernel that was handed it runs. */
  readonly kept?: true;
  /** Forms that are trees, the newest first; none where it is a record in every version. */
  readonly trees: readonly TreeBinding[];
  /** The tree along which a part is read and written; undefined where it is a record. */
  treeOf(part: RiderPart): TreeBinding | undefined;
  readonly record?: RiderRecord;
  /** The memory that a model of it names; `pageSize` in bytes. */
  contents?(part: RiderPart, pageSize: number): Iterable<RiderContents>;
}

/** The binding of a tree that is a rider's blob. */
export function riderTree(
  compatible: string,
  root: Pick<TreeBinding['root'], 'properties' | 'children'>,
): TreeBinding {
  return { compatible, root: { name: { literal: '' }, place: { merge: true }, compatible, ...root } };
}
