/**
 * The question of a live update: is all that the old kernel handed out still covered by what the new one will
 * keep? A is what was handed to the new kernel, B what that kernel prepares for the next.
 */
import type { Handover } from '../../abi/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import type { Place } from '../place.js';
import { type LineageOptions, whyNotAsked } from './lineage.js';
import type { User, Uses } from './user.js';
import { usesOf } from './uses.js';

/**
 * What became of memory that A kept and B does not.
 * - `lost`: its user is still in B and still means this memory, or cannot have moved. The next kernel gives
 *   the pages to others while devices write into them or the object expects its contents there.
 * - `unknown`: its user is in B, and B's dump does not tell with what memory.
 * - `moved`: its user is in B, with other memory.
 * - `released`: its user is not in B any more: a session was finished, a file retrieved and closed.
 * - `replaced`: bookkeeping of A's handover, which each kernel writes anew.
 * - `unreferenced`: nothing that A's dump tells refers to it.
 * - `unkept`: devices reach it, or hardware reads it on the way, and A did not keep it either: wrong already in
 *   A (`kho validate` says so), and so no difference.
 */
export type CoverageStatus =
  | 'lost'
  | 'unknown'
  | 'moved'
  | 'released'
  | 'replaced'
  | 'unreferenced'
  | 'unkept';

/** Memory of one user of A that B does not keep. */
export interface Uncovered {
  readonly status: CoverageStatus;
  readonly place: Place;
  readonly what: string;
  /** Bytes in whole pages, each counted once. */
  readonly bytes: bigint;
  /** Number of ranges. */
  readonly count: number;
  readonly ranges: Iterable<UncoveredRange>;
}

/** Physical bytes, half-open, with where they are in the file or for the device. */
export interface UncoveredRange {
  readonly start: bigint;
  readonly end: bigint;
  /** Bytes of IOVA of a mapping, or of the file. */
  readonly position?: bigint;
}

/** The answer. */
export interface Coverage {
  /** Why the question was not asked; the rest is then empty. */
  readonly notAsked?: string;
  /** `lost` counts as a difference; `released` says that what is not kept any more need not be. */
  readonly verdict: 'covered' | 'released' | 'undecided' | 'lost' | 'not asked';
  /** Bytes that A keeps. */
  readonly bytes: bigint;
  /** Bytes of them that B does not keep, and those that are lost. */
  readonly uncovered: bigint;
  readonly lost: bigint;
  /** What is not kept, lost first. */
  readonly entries: readonly Uncovered[];
}

const ORDER: readonly CoverageStatus[] = [
  'lost',
  'unknown',
  'unkept',
  'moved',
  'released',
  'unreferenced',
  'replaced',
];

/**
 * Holds the memory that `a` keeps, or maps for devices, against what `b` keeps. O(n log n) in the runs of
 * pages of both.
 *
 * A session that was retrieved and closed is legitimately not in B: the answer tells it, and only memory that
 * something in B still needs is lost.
 */
export function coverageOf(a: Handover, b: Handover, options: LineageOptions = {}): Coverage {
  const notAsked = whyNotAsked(a, b, options);
  if (notAsked !== undefined || a.preserved === undefined || b.preserved === undefined) {
    const nothing = { bytes: 0n, uncovered: 0n, lost: 0n, entries: [] };
    return { notAsked: notAsked ?? 'nothing is preserved', verdict: 'not asked', ...nothing };
  }
  const { pageSize } = a;
  const uses = usesOf(a);
  const given = pageSet(a.preserved.ranges, pageSize);
  const kept = pageSet(b.preserved.ranges, pageSize);
  const needed = neededBy(usesOf(b));
  const found = createEntries(pageSize);
  for (let row = 0; row < uses.length; row++) {
    const user = uses.users[uses.owners[row] as number] as User;
    const [start, end] = [uses.starts[row] as number, uses.ends[row] as number];
    const position = uses.positions[row] as number;
    for (const piece of piecesOf(start, end, given, kept, pageSize)) {
      if (!piece.given) {
        // What else A uses and does not keep (the pages of the map itself) was never handed over.
        if (user.kind === 'reach') {
          found.add('unkept', user, piece.start, piece.end, position + (piece.start - start));
        }
        continue;
      }
      for (const { status, low, high } of needed.judge(user, piece.start, piece.end)) {
        found.add(status, user, low, high, position + (low - start));
      }
    }
  }
  const used = pageSet(rowsOf(uses), pageSize);
  for (const { start, end } of a.preserved.ranges) {
    for (const piece of kept.uncovered(start, end)) {
      for (const { start: from, end: to } of used.uncovered(piece.start, piece.end)) {
        found.add('unreferenced', NOBODY, Number(from), Number(to), Number.NaN);
      }
    }
  }
  const bytesOf = (set: PageSet): bigint => BigInt(set.countPages()) * BigInt(pageSize);
  const bytesWith = (wanted: (status: CoverageStatus) => boolean): bigint =>
    bytesOf(pageSet(found.ranges(wanted), pageSize));
  const uncovered = bytesWith((status) => status !== 'unkept');
  const lost = bytesWith((status) => status === 'lost');
  const entries = found.entries();
  const isUnknown = entries.some(({ status }) => status === 'unknown');
  return {
    verdict: lost > 0n ? 'lost' : isUnknown ? 'undecided' : uncovered > 0n ? 'released' : 'covered',
    bytes: bytesOf(given),
    uncovered,
    lost,
    entries,
  };
}

/** The parts of [start, end) that B does not keep, and whether A kept each. */
function* piecesOf(
  start: number,
  end: number,
  given: PageSet,
  kept: PageSet,
  pageSize: number,
): Generator<{ start: number; end: number; given: boolean }> {
  // Pages are kept whole, so that the part of a page is covered as its page is.
  const page = BigInt(start - (start % pageSize));
  for (const piece of kept.uncovered(page, BigInt(end))) {
    let from = Math.max(start, Number(piece.start));
    const to = Number(piece.end);
    for (const gap of given.uncovered(BigInt(from - (from % pageSize)), piece.end)) {
      const low = Math.max(from, Number(gap.start));
      const high = Number(gap.end);
      if (from < low) yield { start: from, end: low, given: true };
      if (low < high) yield { start: low, end: high, given: false };
      from = Math.max(from, high);
    }
    if (from < to) yield { start: from, end: to, given: true };
  }
}

const NOBODY: User = {
  place: { part: 'preserved' },
  what: 'blocks that nothing refers to',
  kind: 'metadata',
  key: '',
};

function* rowsOf({ length, starts, ends }: Uses): Generator<{ start: number; end: number }> {
  for (let row = 0; row < length; row++) yield { start: starts[row] as number, end: ends[row] as number };
}

/** What B still needs, by user. */
function neededBy(uses: Uses) {
  const rows = new Map<string, number[]>();
  const keys = new Set(uses.users.map(({ key }) => key));
  for (let row = 0; row < uses.length; row++) {
    const key = uses.users[uses.owners[row] as number]?.key ?? '';
    const list = rows.get(key);
    if (list === undefined) rows.set(key, [row]);
    else list.push(row);
  }
  const sets = new Map<string, PageSet>();
  /** The pages of a user of B; made when they are first asked for. */
  function pagesOf(key: string): PageSet {
    let set = sets.get(key);
    if (set === undefined) {
      const own = rows.get(key) ?? [];
      set = pageSet(
        own.map((row) => ({ start: uses.starts[row] as number, end: uses.ends[row] as number })),
        4096,
      );
      sets.set(key, set);
    }
    return set;
  }
  return {
    /** What became of [start, end), which `user` has in A and B does not keep; cut where that changes. */
    *judge(
      user: User,
      start: number,
      end: number,
    ): Generator<{ status: CoverageStatus; low: number; high: number }> {
      if (user.kind === 'metadata') return yield { status: 'replaced', low: start, high: end };
      if (uses.untold.some((prefix) => user.key.startsWith(prefix))) {
        return yield { status: 'unknown', low: start, high: end };
      }
      if (!keys.has(user.key)) return yield { status: 'released', low: start, high: end };
      if (user.kind === 'fixed') return yield { status: 'lost', low: start, high: end };
      let at = start;
      for (const gap of pagesOf(user.key).uncovered(start, end)) {
        const [low, high] = [Number(gap.start), Number(gap.end)];
        if (at < low) yield { status: 'lost', low: at, high: low };
        yield { status: 'moved', low, high };
        at = high;
      }
      if (at < end) yield { status: 'lost', low: at, high: end };
    },
  };
}

interface Entry {
  readonly status: CoverageStatus;
  readonly user: User;
  readonly starts: number[];
  readonly ends: number[];
  readonly positions: number[];
}

/** Collects what is not covered, by user and what became of it; ranges that continue each other as one. */
function createEntries(pageSize: number) {
  const entries = new Map<User, Map<CoverageStatus, Entry>>();
  function entryOf(status: CoverageStatus, user: User): Entry {
    const own = entries.get(user) ?? new Map<CoverageStatus, Entry>();
    entries.set(user, own);
    const entry = own.get(status) ?? { status, user, starts: [], ends: [], positions: [] };
    own.set(status, entry);
    return entry;
  }
  const all = (): Entry[] => [...entries.values()].flatMap((own) => [...own.values()]);
  return {
    add(status: CoverageStatus, user: User, start: number, end: number, position: number): void {
      const { starts, ends, positions } = entryOf(status, user);
      const last = starts.length - 1;
      const by = start - (starts[last] ?? 0);
      const joins = ends[last] === start && (Number.isNaN(position) || positions[last] === position - by);
      if (joins) ends[last] = end;
      else {
        starts.push(start);
        ends.push(end);
        positions.push(position);
      }
    },
    *ranges(wanted: (status: CoverageStatus) => boolean): Generator<{ start: number; end: number }> {
      for (const { status, starts, ends } of all()) {
        if (!wanted(status)) continue;
        for (const [i, start] of starts.entries()) yield { start, end: ends[i] ?? start };
      }
    },
    entries: (): Uncovered[] =>
      all()
        .sort((x, y) => ORDER.indexOf(x.status) - ORDER.indexOf(y.status))
        .map((entry) => uncoveredOf(entry, pageSize)),
  };
}

function uncoveredOf({ status, user, starts, ends, positions }: Entry, pageSize: number): Uncovered {
  const pages = pageSet(
    starts.map((start, i) => ({ start, end: ends[i] ?? start })),
    pageSize,
  );
  return {
    status,
    place: user.place,
    what: user.what,
    bytes: BigInt(pages.countPages()) * BigInt(pageSize),
    count: starts.length,
    ranges: {
      *[Symbol.iterator]() {
        for (const [i, start] of starts.entries()) {
          const position = positions[i] as number;
          yield {
            start: BigInt(start),
            end: BigInt(ends[i] ?? start),
            ...(Number.isNaN(position) ? {} : { position: BigInt(position) }),
          };
        }
      },
    },
  };
}
