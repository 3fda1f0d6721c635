/** What the blob of a child of the root is, of those that releases have: a tree, or a record, and what these lead to. */
import type { FdtTree } from '../fdt/parse.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { RecordType } from '../schema/record.js';
import type { Compared } from './compared.js';
import type { RiderKey, RiderMissing, RiderPlace } from './rider-names.js';
import type { KeptField, RecordBinding } from './structure.js';
import type { TreeBinding } from './tree.js';

/** What of a model or of a document a rider is. */
export type RiderPart = Readonly<Record<string, unknown>>;

/** Addresses with a number in the bits of the page offset: end to end in a preserved vmalloc area, or in a property. */
export interface TaggedList {
  /** Key in the model and in JSON. */
  readonly key: string;
  /** A record of one field. */
  readonly record: RecordType<{ value: bigint }>;
  /** All of them, and whose they are, for people. */
  readonly what: string;
  readonly owner: string;
  /** An element. */
  readonly element: string;
  /** Keys of the two parts of an element. */
  readonly address: string;
  readonly tag: string;
  /** Key of the descriptor of the area, or of the packed records. */
  readonly from: string;
  readonly packed?: true;
  /** Key of the number of elements. */
  readonly count: string;
  /** Where that is, and the code of the diagnostic where it does not fit. */
  readonly location: { readonly fdtPath: string; readonly property: string };
  readonly code: string;
}

/** One form of a rider's blob. */
export interface RiderForm {
  /** In the model, where the string may stand for several. */
  readonly version?: string;
  /** The blob, where it is a tree. */
  readonly tree?: TreeBinding;
  /** The record that the blob is, or that the tree leads to. Its fields have plain values. */
  readonly record?: RecordBinding;
  /** Key of the record's address, which a property of the tree has. */
  readonly pointer?: string;
  /** Nothing of the record but what is not hidden is known. */
  readonly partial?: true;
  /** Lists that tree or record lead to; `<key>Address` is the address of each. */
  readonly lists?: readonly KeptField[];
  readonly tagged?: TaggedList;
}

/** What bytes say that they are. */
export interface Recognised {
  /** What the model has of them before they are read along the form; undefined where they are none. */
  readonly said?: RiderPart;
  /** They begin with nothing that any version begins with: they are somebody else's. */
  readonly foreign?: true;
  readonly form?: RiderForm;
  readonly problem?: { readonly code: string; readonly message: string; readonly field?: string };
}

/** A rider that is a record, at least in some version. */
export interface RiderRecord {
  /** Whether bytes on their own begin like it. */
  fits(bytes: Uint8Array): boolean;
  recognise(bytes: Uint8Array): Recognised;
  /** The kernel frees its memory early: bytes that are not it are somebody else's by now. */
  readonly freed?: true;
}

/** What two handovers are compared by. */
export interface RiderOutline {
  /** What a difference is in. */
  readonly part: RiderPlace;
  readonly fields: readonly Compared[];
  /** Nodes of the tree, by the key that names them. */
  readonly nodes?: {
    readonly key: string;
    readonly naming: string;
    /** What of a place names one. */
    readonly place: 'region';
    readonly fields: readonly Compared[];
    /** Keys of the memory that one speaks of. */
    readonly contents?: { readonly start: string; readonly size: string };
  };
}

/** A value that follows from memory that a rider speaks of. */
export interface Computed {
  readonly key: string;
  /** Undefined where the memory does not hold all of it. */
  of(part: RiderPart, memory: PhysicalMemory, pageSize: number): number | undefined;
  /** What is wrong with what the rider says. */
  problem(
    part: RiderPart,
    computed: number,
  ): { readonly code: string; readonly message: string; readonly location: object } | undefined;
}

/** Gives a text the colour of its role. */
export type Painter = (role: 'text' | 'address' | 'value', text: string) => string;

/** A rider in the words of people. */
export interface RiderText {
  /** A line about a dump: its heading where that is not the name, and what it says of a rider that is not in the dump. */
  readonly heading?: string;
  readonly unknown: string;
  /** Undefined where the part does not say enough. */
  summary(part: RiderPart): string | undefined;
  /** A list of it may be short: what is missing is said after the summary. */
  readonly cutOff?: true;
  /** What is said after its name, and the lines below. */
  title(part: RiderPart): string;
  lines(part: RiderPart, paint: Painter): Iterable<string>;
  /** After LUO and what its files hold. */
  readonly late?: true;
}

/** A child of the root by its name. */
export interface Rider {
  readonly name: string;
  readonly key: RiderKey;
  /** What it is part of, where it is not in the dump. */
  readonly part: RiderMissing;
  /** Its blob stays what it was while the kernel that was handed it runs. */
  readonly kept?: true;
  /** The newest first. */
  readonly forms: readonly RiderForm[];
  /** The form along which a part is read and written, of a string that is not known too. */
  formOf(part: RiderPart): RiderForm;
  /**
   * The form of a tree, where several have its string.
   *
   * @param old the writer is 6.16 or 6.17
   */
  formOfTree?(tree: FdtTree, old: boolean): RiderForm;
  readonly record?: RiderRecord;
  readonly computed?: Computed;
  readonly outline: RiderOutline;
  /** Absent for LUO, which has more to tell. */
  readonly text?: RiderText;
}

/** The binding of a tree that is a rider's blob. */
export function riderTree(
  compatible: string,
  root: Pick<TreeBinding['root'], 'properties' | 'children'>,
): TreeBinding {
  return { compatible, root: { name: { literal: '' }, place: { merge: true }, compatible, ...root } };
}
