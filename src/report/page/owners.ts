/** Those that memory belongs to, each known by a number in the page. */

/** Whose something is, and where the page tells of it. */
export interface Owner {
  /** Not escaped. */
  readonly text: string;
  /** Id of an element of the page. */
  readonly anchor?: string;
}

/** A list of owners without repetition. */
export interface Owners {
  /** The number of an owner, a new one where the text is new. */
  number(text: string, anchor?: string): number;
  readonly list: readonly Owner[];
}

/** An empty list. */
export function createOwners(): Owners {
  const list: Owner[] = [];
  const numbers = new Map<string, number>();
  return {
    list,
    number(text, anchor) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, list.length);
      return list.push(anchor === undefined ? { text } : { text, anchor }) - 1;
    },
  };
}
