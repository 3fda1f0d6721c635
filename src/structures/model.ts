/** What the models of all structures have in common. */

/** A structure as plain data: keys of its binding, values as the record has them. */
export interface StructureModel {
  /** Form that its bytes are of: the id of a binding of the registry. */
  readonly form: string;
  /** Other forms that the bytes fit as well; left out where they tell. */
  readonly undecided?: readonly string[];
  /** Physical address of its record. */
  readonly address: bigint;
}

/** A page of a list that a chain of pages holds. */
export interface ListPage {
  readonly address: bigint;
  /** Elements, as stored. */
  readonly count: bigint;
  /** Physical address of the next page, as stored; 0 at the end. */
  readonly next: bigint;
}

/** A list of a structure. */
export interface StructureList<T> {
  readonly items: readonly T[];
  /** Of a list in linked pages: these, in chain order. */
  readonly pages?: readonly ListPage[];
  /** What of it is not in the dump, so that there may be more elements. */
  readonly missing?: { readonly what: string; readonly address: bigint };
  /** The chain is damaged: its rest was not followed. */
  readonly damaged?: true;
}

/** An element of a list, or a record that another one points to. */
export interface Element {
  /** Physical address of its first byte. */
  readonly address: bigint;
}
