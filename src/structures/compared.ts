/** What differences of two handovers are told by. */

/** A value that two handovers are compared by. */
export interface Compared {
  readonly name: string;
  /**
   * Keys from the part on. The elements of a list are counted; of packed records these, or the bytes that they name, where
   * the unit says so, else all is compared.
   */
  readonly path: readonly string[];
  readonly unit?: 'hex' | 'count' | 'size' | 'id';
  /** With `--strict` only, or only of what was added or removed; or whether it is there at all. */
  readonly only?: 'strict' | 'summary' | 'presence';
  /** Bytes that each number of a list stands for: compared is how many all of them do. */
  readonly each?: bigint;
  /** What is not there is not known: what it is read from, or the list of this key, is not in the dump. */
  readonly unknown?: true | string;
  /** Every kernel has a larger one, or another one. */
  readonly expected?: 'grows' | 'changes';
}
