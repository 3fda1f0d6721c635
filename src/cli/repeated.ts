/** Messages of one kind: a dump that is damaged in one way in many places is told of a few. */
import { message } from './common.js';

/** Messages of one kind that are written out. */
const MOST = 16;

interface Kind {
  readonly first: string;
  count: number;
}

let kinds = new Map<string, Kind>();

/** Forgets the messages of an earlier run in the same process. */
export function forgetRepeated(): void {
  kinds = new Map();
}

/** One line on standard error, as {@link message} writes it, for the first of a kind; others are counted. */
export function messageOf(args: { quiet?: boolean | undefined }, kind: string, text: string): void {
  const known = kinds.get(kind) ?? { first: text, count: 0 };
  kinds.set(kind, known);
  if (++known.count <= MOST) message(args, text);
}

/** How many were counted of each kind. */
export function repeatedLines(): string[] {
  return [...kinds.values()].flatMap(({ first, count }) =>
    count <= MOST ? [] : [`and ${count - MOST} more like this: ${first.replace(/^kho: /, '')}`],
  );
}
