/**
 * How much one input may make a run do. Every limit grows with the bytes that the input really has, so that what a
 * kernel wrote never comes near one, and a few bytes that claim much end with a word instead of a hang.
 */

/**
 * - `shown`: bytes of the file that its headers show, each as often as they show it;
 * - `work`: bytes of memory read, each read and each run of memory counting `STEP` more;
 * - `held`: bytes kept of it at the same time: blobs, tree nodes, pages of lists, bitmaps of blocks;
 * - `map`: bytes of the pages of the preserved memory map, all of which a dump that has the map stores;
 * - `tables`: bytes of page tables, each as often as a pointer leads to it, and `ENTRY` times those of each entry of
 *   a root, context or PASID table that is looked at;
 * - `lists`: bytes of arrays whose length a record claims, whether memory has them stored or as zeros;
 * - `output`: bytes written.
 */
export type BudgetKind = 'shown' | 'work' | 'held' | 'map' | 'tables' | 'lists' | 'output';

/** A limit that was reached. */
export interface BudgetProblem {
  readonly code: `budget-${BudgetKind}`;
  readonly message: string;
}

/** Counts what a run spends on one input. */
export interface Budget {
  /** Bytes that the input has, unpacked, times the factor of all limits. */
  readonly real: number;
  /** Spends; false, and reported once, when that is more than there is. Nothing is given back. */
  take(kind: BudgetKind, amount: number): boolean;
  /** What was spent so far. */
  spent(kind: BudgetKind): number;
  /** What there is in all. */
  limit(kind: BudgetKind): number;
  /** Limits reached so far, in their order. */
  problems(): readonly BudgetProblem[];
}

/** What a read or a run costs beside its bytes: about the time in which so many bytes are copied. */
export const STEP = 256;
/** What a byte of an entry that leads to tables costs: about the time in which as many of a page table are walked. */
export const ENTRY = 4;
const MIB = 2 ** 20;
/** A floor for small inputs, and what comes with each byte that an input has. */
const LIMITS: Readonly<Record<BudgetKind, { readonly floor: number; readonly each: number }>> = {
  shown: { floor: 2048 * MIB, each: 16 },
  work: { floor: 2048 * MIB, each: 64 },
  held: { floor: 48 * MIB, each: 2 },
  map: { floor: 2 * MIB, each: 1 },
  tables: { floor: 16 * MIB, each: 32 },
  lists: { floor: MIB / 2, each: 2 },
  output: { floor: 16 * MIB, each: 64 },
};
const TEXT: Readonly<Record<BudgetKind, string>> = {
  shown: 'its headers show the same bytes again and again, together more than',
  work: 'reading its memory took more than',
  held: 'its structures take more than',
  map: 'its preserved memory map has more than',
  tables: 'walking its tables, those that are shared again and again, takes more than',
  lists: 'its records claim lists of more than',
  output: 'the output about it has more than',
};

/**
 * A budget for one input.
 *
 * @param realBytes bytes that the input has, unpacked
 * @param factor of all limits; 1 is what the command line has without `--budget`
 */
export function createBudget(realBytes: number, factor = 1): Budget {
  const spent: Record<BudgetKind, number> = {
    shown: 0,
    work: 0,
    held: 0,
    map: 0,
    tables: 0,
    lists: 0,
    output: 0,
  };
  const reached = new Set<BudgetKind>();
  const limit = (kind: BudgetKind) => factor * (LIMITS[kind].floor + LIMITS[kind].each * realBytes);
  const limits = {
    shown: limit('shown'),
    work: limit('work'),
    held: limit('held'),
    map: limit('map'),
    tables: limit('tables'),
    lists: limit('lists'),
    output: limit('output'),
  };
  return {
    real: factor * realBytes,
    take(kind, amount) {
      if (spent[kind] + amount <= limits[kind]) {
        spent[kind] += amount;
        return true;
      }
      reached.add(kind);
      return false;
    },
    spent: (kind) => spent[kind],
    limit: (kind) => limits[kind],
    problems: () =>
      [...reached].map((kind) => ({
        code: `budget-${kind}` as const,
        message: `${TEXT[kind]} ${sizeText(limits[kind])}, which is out of proportion to an input of ${sizeText(realBytes)}: the rest is left out (--budget FACTOR raises the limits)`,
      })),
  };
}

function sizeText(bytes: number): string {
  if (bytes < MIB) return `${Math.ceil(bytes / 1024)} KiB`;
  return `${Math.round(bytes / MIB)} MiB`;
}
