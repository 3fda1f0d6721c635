/** Two lists of spans against each other: where they say different things. */
import type { Aspect } from './span.js';
import { aspectsAt, MOST_MOVING, type SpanColumns, sameKinds } from './span-columns.js';

/** A stretch that only one side has, or that both have with different properties. */
export interface SpanDifference {
  readonly start: number;
  readonly end: number;
  /** The properties at `start`. */
  readonly a?: readonly Aspect[];
  readonly b?: readonly Aspect[];
}

/** A stretch of which one side does not tell. */
export interface SpanGap {
  /** Absent for all that follows. */
  readonly range?: { readonly start: number; readonly end: number };
  readonly unknown: 'a' | 'b' | 'both';
}

/**
 * Compares position by position, in one pass over both. Spans may be cut anywhere, and neighbouring stretches
 * that differ in the same way come out as one. Lists out of order (damage) are compared as they come, each
 * span once; a list always equals itself.
 */
export function* diffSpans(
  a: Generator<SpanColumns, boolean>,
  b: Generator<SpanColumns, boolean>,
): Generator<SpanDifference | SpanGap> {
  let held: SpanDifference | undefined;
  for (const piece of pieces(a, b)) {
    if ('unknown' in piece) {
      if (held !== undefined) yield held;
      held = undefined;
      yield piece;
    } else if (held !== undefined && continues(held, piece)) held = { ...held, end: piece.end };
    else {
      if (held !== undefined) yield held;
      held = piece;
    }
  }
  if (held !== undefined) yield held;
}

function* pieces(
  left: Generator<SpanColumns, boolean>,
  right: Generator<SpanColumns, boolean>,
): Generator<SpanDifference | SpanGap> {
  const a = createReader(left);
  const b = createReader(right);
  for (;;) {
    skipEqual(a, b);
    const hasMoreA = fill(a);
    const hasMoreB = fill(b);
    // A side that broke off does not say that the rest is not there.
    const brokeA = !hasMoreA && a.whole === false;
    const brokeB = !hasMoreB && b.whole === false;
    if (brokeA || brokeB) yield { unknown: side(brokeA, brokeB) };
    if (brokeA || brokeB || (!hasMoreA && !hasMoreB)) return;
    const start = Math.min(a.start, b.start);
    const hasA = hasMoreA && a.start === start;
    const hasB = hasMoreB && b.start === start;
    const end = Math.min(hasA ? a.end : a.start, hasB ? b.end : b.start);
    const inA = hasA ? aspectsOf(a) : undefined;
    const inB = hasB ? aspectsOf(b) : undefined;
    const unknownA = hasA && inA === undefined;
    const unknownB = hasB && inB === undefined;
    if (unknownA || unknownB) {
      // Whatever the other side has there.
      yield { range: { start, end }, unknown: side(unknownA, unknownB) };
    } else if (inA === undefined || inB === undefined || !sameAspects(inA, inB)) {
      yield {
        start,
        end,
        ...(inA === undefined ? {} : { a: inA }),
        ...(inB === undefined ? {} : { b: inB }),
      };
    }
    if (hasA) advance(a, end);
    if (hasB) advance(b, end);
  }
}

function side(a: boolean, b: boolean): SpanGap['unknown'] {
  return a && b ? 'both' : a ? 'a' : 'b';
}

/** A list that is being compared, at one of its spans. */
interface Reader {
  readonly batches: Generator<SpanColumns, boolean>;
  batch: SpanColumns | undefined;
  row: number;
  /** The rest of the span; Infinity after the last one. */
  start: number;
  end: number;
  /** Bytes of the span that are before. */
  skip: number;
  /** At the end: whether the list ended, and not just what the dump has of it. */
  whole: boolean | undefined;
}

function createReader(batches: Generator<SpanColumns, boolean>): Reader {
  const nowhere = Number.POSITIVE_INFINITY;
  return { batches, batch: undefined, row: 0, start: nowhere, end: nowhere, skip: 0, whole: undefined };
}

/** Moves on to a span where there is none; false at the end. */
function fill(reader: Reader): boolean {
  while (reader.batch === undefined && reader.whole === undefined) {
    const { done, value } = reader.batches.next();
    if (done === true) reader.whole = value;
    else {
      reader.batch = value;
      reader.row = -1;
      nextRow(reader);
    }
  }
  return reader.batch !== undefined;
}

/** The next span of the batch that is not empty; no batch when there is none. */
function nextRow(reader: Reader): void {
  const { batch } = reader;
  if (batch === undefined) return;
  reader.skip = 0;
  while (++reader.row < batch.length) {
    reader.start = batch.starts[reader.row] as number;
    reader.end = batch.ends[reader.row] as number;
    if (reader.start < reader.end) return;
  }
  reader.batch = undefined;
  reader.start = Number.POSITIVE_INFINITY;
  reader.end = Number.POSITIVE_INFINITY;
}

function advance(reader: Reader, to: number): void {
  if (to >= reader.end) nextRow(reader);
  else {
    reader.skip += to - reader.start;
    reader.start = to;
  }
}

function aspectsOf({ batch, row, skip }: Reader): readonly Aspect[] | undefined {
  const kinds = batch?.kinds[row];
  return batch === undefined || kinds === undefined ? undefined : aspectsAt(kinds, batch.at, row, skip);
}

/** Passes over whole spans that both sides have: in most comparisons these are nearly all. */
function skipEqual(a: Reader, b: Reader): void {
  while (fill(a) && fill(b)) {
    const [x, y] = [a.batch as SpanColumns, b.batch as SpanColumns];
    if (a.skip !== 0 || b.skip !== 0) return;
    let [i, j] = [a.row, b.row];
    while (i < x.length && j < y.length && sameSpan(x, i, y, j)) {
      i++;
      j++;
    }
    const equal = i - a.row;
    if (equal === 0) return;
    a.row = i - 1;
    b.row = j - 1;
    nextRow(a);
    nextRow(b);
  }
}

function sameSpan(x: SpanColumns, i: number, y: SpanColumns, j: number): boolean {
  const kinds = x.kinds[i];
  if (x.starts[i] !== y.starts[j] || x.ends[i] !== y.ends[j] || kinds === undefined) return false;
  if (!sameKinds(kinds, y.kinds[j])) return false;
  let moving = 0;
  for (let k = 0; k < kinds.length; k++) {
    if (kinds[k]?.moves !== true) continue;
    if (x.at[i * MOST_MOVING + moving] !== y.at[j * MOST_MOVING + moving]) return false;
    moving++;
  }
  return true;
}

function sameAspects(a: readonly Aspect[], b: readonly Aspect[]): boolean {
  return a.length === b.length && a.every((x, i) => x.of === b[i]?.of && x.at === b[i]?.at);
}

/** Whether a stretch differs as the one before it does, so that both are one. */
function continues(held: SpanDifference, piece: SpanDifference): boolean {
  if (held.end !== piece.start) return false;
  const by = piece.start - held.start;
  return advances(held.a, piece.a, by) && advances(held.b, piece.b, by);
}

function advances(
  from: readonly Aspect[] | undefined,
  to: readonly Aspect[] | undefined,
  by: number,
): boolean {
  if (from === undefined || to === undefined) return from === to;
  return sameAspects(
    from.map((aspect) => (aspect.at === undefined ? aspect : { ...aspect, at: aspect.at + by })),
    to,
  );
}
