/**
 * How much of a long pass is done, where bytes do not tell: entries of lists, page tables. Nobody listens unless a terminal
 * shows it. Called for many entries at once, so that a pass costs the same with a listener and without.
 */

export interface WorkListener {
  /** So many entries of lists will be read from now on, each as often as it counts; undefined where nobody knows. */
  expect(entries: number | undefined): void;
  /** So many more of them were read. */
  entries(count: number): void;
  /**
   * A walk has come so far.
   *
   * @param share 0 to 1; asked a few times a second at most
   */
  share(share: () => number): void;
  /** The walks to come are so much of all of them, from 0 to 1. */
  part(from: number, to: number): void;
}

let listener: WorkListener | undefined;

/** From now on this one is told; undefined for nobody. */
export function listenToWork(to: WorkListener | undefined): void {
  listener = to;
}

/** See {@link WorkListener.expect}. */
export function expectEntries(entries: number | undefined): void {
  listener?.expect(entries);
}

/** See {@link WorkListener.entries}. */
export function tellEntries(count: number): void {
  listener?.entries(count);
}

/** See {@link WorkListener.share}. */
export function tellShare(share: () => number): void {
  listener?.share(share);
}

/** See {@link WorkListener.part}. */
export function tellPart(from: number, to: number): void {
  listener?.part(from, to);
}
