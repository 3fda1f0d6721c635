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
  /** Counts frames [start, end) as an owner's. */
  count(owner: number, start: number, end: number): void;
  /** What was counted of the owner that an id of the page belongs to. */
  memoryOf(anchor: string): OwnedMemory | undefined;
}

/** How much somebody has, and where it begins. */
export interface OwnedMemory {
  /** Frames. */
  pages: number;
  /** The lowest one. */
  first: number;
}

/** An empty list. */
export function createOwners(): Owners {
  const list: Owner[] = [];
  const numbers = new Map<string, number>();
  const memory = new Map<string, OwnedMemory>();
  return {
    list,
    count(owner, start, end) {
      const { anchor } = list[owner] ?? {};
      if (anchor === undefined) return;
      const known = memory.get(anchor);
      if (known === undefined) memory.set(anchor, { pages: end - start, first: start });
      else {
        known.pages += end - start;
        known.first = Math.min(known.first, start);
      }
    },
    memoryOf: (anchor) => memory.get(anchor),
    number(text, anchor) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, list.length);
      return list.push(anchor === undefined ? { text } : { text, anchor }) - 1;
    },
  };
}
