/**
 * The question of a live update: is all that the old kernel handed out still covered by what the new one will
 * keep? A is what was handed to the new kernel, B what that kernel prepares for the next.
 */
import type { Handover } from '../../abi/model.js';
import { pageSet } from '../../memory/page-set.js';
import type { Place } from '../../references/place.js';
import { createFrames, type Frames, type FramesBuilder } from './frames.js';
import { type LineageOptions, whyNotAsked } from './lineage.js';
import type { Use, User, Uses } from './user.js';
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
 * pages of both; held are bits of pages at most, never runs.
 *
 * A session that was retrieved and closed is legitimately not in B: the answer tells it, and only memory that
 * something in B still needs is lost.
 *
 * @example
 * ```ts
 * import { coverageOf, decodeHandover, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const handover = decodeHandover(blob, { memory });
 * console.log(coverageOf(handover, handover).verdict); //=> covered
 * ```
 */
export function coverageOf(a: Handover, b: Handover, options: LineageOptions = {}): Coverage {
  const notAsked = whyNotAsked(a, b, options);
  if (notAsked !== undefined || a.preserved === undefined || b.preserved === undefined) {
    const nothing = { bytes: 0n, uncovered: 0n, lost: 0n, entries: [] };
    return { notAsked: notAsked ?? 'nothing is preserved', verdict: 'not asked', ...nothing };
  }
  const { pageSize } = a;
  const given = framesKept(a.preserved, pageSize);
  const kept = framesKept(b.preserved, pageSize);
  const needed = neededBy(usesOf(b));
  const found = createTallies(pageSize);
  // Where B keeps all that A does, nothing is left to ask of who does not reach beyond it.
  const whole = isWithin(given, kept);
  const used = createFrames(pageSize);
  for (const user of usesOf(a).users) {
    if (whole && user.kind !== 'reach') continue;
    const judged = (into?: FramesBuilder): Generator<Judged> =>
      judgedOf(user, given, kept, needed, pageSize, into);
    for (const piece of judged(used)) found.add(user, piece, judged);
  }
  const referenced = used.finish();
  const rest = (): Generator<Judged> => unreferenced(given, kept, referenced, pageSize);
  if (!whole) for (const piece of rest()) found.add(NOBODY, piece, rest);
  const bytesOf = (set: Frames): bigint => BigInt(set.countPages()) * BigInt(pageSize);
  const uncovered = bytesOf(found.uncovered());
  const lost = bytesOf(found.lost());
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

/** What a handover keeps: its blocks as they are where it has blocks. */
function framesKept({ ranges, pages }: NonNullable<Handover['preserved']>, pageSize: number): Frames {
  return pages?.pageSize === pageSize ? pages : pageSet(ranges, pageSize);
}

function isWithin(inner: Frames, outer: Frames): boolean {
  for (const { start, end } of inner.runs()) if (outer.coveredUntil(start, end) < end) return false;
  return true;
}

/** A stretch of memory that B does not keep, in bytes, and what became of it. */
interface Judged extends Use {
  readonly status: CoverageStatus;
}

/**
 * What became of the memory of one user that B does not keep, in the order of its runs.
 *
 * @param used takes what of it A kept
 */
function* judgedOf(
  user: User,
  given: Frames,
  kept: Frames,
  needed: Needed,
  pageSize: number,
  used: FramesBuilder | undefined,
): Generator<Judged> {
  for (const { length, starts, ends, positions } of user.runs()) {
    for (let row = 0; row < length; row++) {
      const start = starts[row] as number;
      const end = ends[row] as number;
      const [first, last] = [Math.floor(start / pageSize), Math.ceil(end / pageSize)];
      if (kept.coveredUntil(first, last) === last) continue;
      const position = (positions[row] as number) - start;
      for (const piece of piecesOf(start, end, given, kept, pageSize)) {
        if (piece.given) {
          used?.add(Math.floor(piece.start / pageSize), Math.ceil(piece.end / pageSize));
          for (const { status, low, high } of needed.judge(user, piece.start, piece.end)) {
            yield { status, start: low, end: high, position: position + low };
          }
        } else if (user.kind === 'reach') {
          // What else A uses and does not keep (the pages of the map itself) was never handed over.
          yield { status: 'unkept', start: piece.start, end: piece.end, position: position + piece.start };
        }
      }
    }
  }
}

/** The parts of [start, end) that B does not keep, and whether A kept each. Pages are kept whole. */
function* piecesOf(
  start: number,
  end: number,
  given: Frames,
  kept: Frames,
  pageSize: number,
): Generator<{ start: number; end: number; given: boolean }> {
  const last = Math.ceil(end / pageSize);
  const piece = (from: number, to: number, isGiven: boolean) => ({
    start: Math.max(start, from * pageSize),
    end: Math.min(end, to * pageSize),
    given: isGiven,
  });
  for (const gap of gapsIn(kept, Math.floor(start / pageSize), last)) {
    let from = gap.start;
    while (from < gap.end) {
      const to = given.coveredUntil(from, gap.end);
      if (from < to) yield piece(from, to, true);
      const next = given.nextCovered(to, gap.end);
      if (to < next) yield piece(to, next, false);
      from = next;
    }
  }
}

/** The parts of frames [first, end) that are not in a set. */
function* gapsIn(set: Frames, first: number, end: number): Generator<{ start: number; end: number }> {
  for (let at = set.coveredUntil(first, end); at < end; ) {
    const stop = set.nextCovered(at, end);
    yield { start: at, end: stop };
    at = set.coveredUntil(stop, end);
  }
}

const NOBODY: User = {
  place: { part: 'preserved' },
  what: 'blocks that nothing refers to',
  kind: 'metadata',
  key: '',
  runs: () => [],
};

/** What A kept and B does not, and no user of A has. */
function* unreferenced(given: Frames, kept: Frames, referenced: Frames, pageSize: number): Generator<Judged> {
  for (const { start, end } of given.runs()) {
    for (const gap of gapsIn(kept, start, end)) {
      for (const { start: from, end: to } of gapsIn(referenced, gap.start, gap.end)) {
        yield { status: 'unreferenced', start: from * pageSize, end: to * pageSize };
      }
    }
  }
}

interface Needed {
  /** What became of [start, end), which `user` has in A and B does not keep; cut where that changes. */
  judge(
    user: User,
    start: number,
    end: number,
  ): Iterable<{ readonly status: CoverageStatus; readonly low: number; readonly high: number }>;
}

/** Pages in which users of B are held against those of A. */
const USER_PAGE = 4096;

/** What B still needs, by user. */
function neededBy({ users, untold, partly, others }: Uses): Needed {
  const byKey = new Map<string, User[]>();
  for (const user of users) {
    const list = byKey.get(user.key);
    if (list === undefined) byKey.set(user.key, [user]);
    else list.push(user);
  }
  const sets = new Map<string, Frames>();
  /** The pages of a user of B; made when they are first asked for. */
  function pagesOf(key: string): Frames {
    let set = sets.get(key);
    if (set === undefined) {
      const frames = createFrames(USER_PAGE);
      for (const user of byKey.get(key) ?? []) {
        for (const { length, starts, ends } of user.runs()) {
          for (let row = 0; row < length; row++) {
            frames.add(
              Math.floor((starts[row] as number) / USER_PAGE),
              Math.ceil((ends[row] as number) / USER_PAGE),
            );
          }
        }
      }
      set = frames.finish();
      sets.set(key, set);
    }
    return set;
  }
  const isPartly = (key: string): boolean => partly.some((prefix) => key.startsWith(prefix));
  /** One that B's dump does not tell may be in B all the same. */
  const isMissing = (key: string): boolean =>
    isPartly(key) || others.some((prefix) => key !== prefix && key.startsWith(prefix));
  const fates = new Map<User, CoverageStatus | undefined>();
  /** What becomes of all memory of a user alike; undefined where it depends on the memory. */
  function fateOf(user: User): CoverageStatus | undefined {
    if (fates.has(user)) return fates.get(user);
    const { kind, key } = user;
    const fate =
      kind === 'metadata'
        ? 'replaced'
        : untold.some((prefix) => key.startsWith(prefix))
          ? 'unknown'
          : !byKey.has(key)
            ? isMissing(key)
              ? 'unknown'
              : 'released'
            : kind === 'fixed'
              ? 'lost'
              : undefined;
    fates.set(user, fate);
    return fate;
  }
  return {
    *judge(user, start, end) {
      const fate = fateOf(user);
      if (fate !== undefined) {
        yield { status: fate, low: start, high: end };
        return;
      }
      const set = pagesOf(user.key);
      const elsewhere = isPartly(user.key) ? 'unknown' : 'moved';
      let at = start;
      for (const gap of gapsIn(set, Math.floor(start / USER_PAGE), Math.ceil(end / USER_PAGE))) {
        const low = Math.max(start, gap.start * USER_PAGE);
        const high = Math.min(end, gap.end * USER_PAGE);
        if (at < low) yield { status: 'lost', low: at, high: low };
        yield { status: elsewhere, low, high };
        at = high;
      }
      if (at < end) yield { status: 'lost', low: at, high: end };
    },
  };
}

/** What of one user is not covered and became the same. */
interface Tally {
  readonly status: CoverageStatus;
  readonly user: User;
  readonly frames: FramesBuilder;
  /** Pieces that do not go on from the one before. */
  count: number;
  last: Use;
  /** Draws the pieces once more. */
  readonly judged: () => Iterable<Judged>;
}

/** Counts what is not covered, by user and what became of it. */
function createTallies(pageSize: number) {
  const byUser = new Map<User, Map<CoverageStatus, Tally>>();
  const uncovered = createFrames(pageSize);
  const lost = createFrames(pageSize);
  function tallyOf(status: CoverageStatus, user: User, judged: () => Iterable<Judged>): Tally {
    const own = byUser.get(user) ?? new Map<CoverageStatus, Tally>();
    byUser.set(user, own);
    let tally = own.get(status);
    if (tally === undefined) {
      const last = { start: Number.NaN, end: Number.NaN };
      tally = { status, user, frames: createFrames(pageSize), count: 0, last, judged };
      own.set(status, tally);
    }
    return tally;
  }
  return {
    add(user: User, piece: Judged, judged: () => Iterable<Judged>): void {
      const tally = tallyOf(piece.status, user, judged);
      const first = Math.floor(piece.start / pageSize);
      const end = Math.ceil(piece.end / pageSize);
      tally.frames.add(first, end);
      if (piece.status !== 'unkept') uncovered.add(first, end);
      if (piece.status === 'lost') lost.add(first, end);
      if (!goesOn(tally.last, piece)) tally.count++;
      tally.last = piece;
    },
    uncovered: () => uncovered.finish(),
    lost: () => lost.finish(),
    entries: (): Uncovered[] =>
      [...byUser.values()]
        .flatMap((own) => [...own.values()])
        .sort((x, y) => ORDER.indexOf(x.status) - ORDER.indexOf(y.status))
        .map((tally) => uncoveredOf(tally, pageSize)),
  };
}

/** Whether a piece is after the one before, in memory and in its file. */
function goesOn(last: Use, { start, position = Number.NaN }: Use): boolean {
  if (last.end !== start) return false;
  return Number.isNaN(position) || (last.position ?? Number.NaN) + (start - last.start) === position;
}

function uncoveredOf({ status, user, frames, count, judged }: Tally, pageSize: number): Uncovered {
  return {
    status,
    place: user.place,
    what: user.what,
    bytes: BigInt(frames.finish().countPages()) * BigInt(pageSize),
    count,
    ranges: {
      *[Symbol.iterator]() {
        let held: Use | undefined;
        for (const piece of judged()) {
          if (piece.status !== status) continue;
          if (held !== undefined && goesOn(held, piece)) held = { ...held, end: piece.end };
          else {
            if (held !== undefined) yield rangeOf(held);
            held = piece;
          }
        }
        if (held !== undefined) yield rangeOf(held);
      },
    },
  };
}

function rangeOf({ start, end, position = Number.NaN }: Use): UncoveredRange {
  return {
    start: BigInt(start),
    end: BigInt(end),
    ...(Number.isNaN(position) ? {} : { position: BigInt(position) }),
  };
}
