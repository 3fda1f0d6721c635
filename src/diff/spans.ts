/** Two lists of spans against each other: where they say different things. */
import type { Aspect, Span } from './entity.js';

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

/** The rest of a span that is being compared. */
interface Cursor {
  start: number;
  end: number;
  aspects: readonly Aspect[] | undefined;
  /** Bytes of the span that follow. */
  skip: number;
}

/**
 * Compares position by position, in one pass over both. Spans may be cut anywhere, and neighbouring stretches
 * that differ in the same way come out as one. Lists out of order (damage) are compared as they come, each
 * span once; a list always equals itself.
 */
export function* diffSpans(
  a: Generator<Span, boolean>,
  b: Generator<Span, boolean>,
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
  left: Generator<Span, boolean>,
  right: Generator<Span, boolean>,
): Generator<SpanDifference | SpanGap> {
  const a = reader(left);
  const b = reader(right);
  for (;;) {
    const x = a.head();
    const y = b.head();
    // A side that broke off does not say that the rest is not there.
    const brokeA = x === undefined && !a.whole();
    const brokeB = y === undefined && !b.whole();
    if (brokeA || brokeB) yield { unknown: side(brokeA, brokeB) };
    if (brokeA || brokeB || (x === undefined && y === undefined)) return;
    const start = Math.min(x?.start ?? Number.POSITIVE_INFINITY, y?.start ?? Number.POSITIVE_INFINITY);
    const hasA = x !== undefined && x.start === start;
    const hasB = y !== undefined && y.start === start;
    const end = Math.min(
      x === undefined ? Number.POSITIVE_INFINITY : hasA ? x.end : x.start,
      y === undefined ? Number.POSITIVE_INFINITY : hasB ? y.end : y.start,
    );
    const inA = hasA ? x : undefined;
    const inB = hasB ? y : undefined;
    const unknownA = inA !== undefined && inA.aspects === undefined;
    const unknownB = inB !== undefined && inB.aspects === undefined;
    if (unknownA || unknownB) {
      // Whatever the other side has there.
      yield { range: { start, end }, unknown: side(unknownA, unknownB) };
    } else if (inA === undefined || inB === undefined || !same(inA, inB)) {
      yield {
        start,
        end,
        ...(inA?.aspects === undefined ? {} : { a: shifted(inA.aspects, inA.skip) }),
        ...(inB?.aspects === undefined ? {} : { b: shifted(inB.aspects, inB.skip) }),
      };
    }
    if (hasA) a.advance(end);
    if (hasB) b.advance(end);
  }
}

function side(a: boolean, b: boolean): SpanGap['unknown'] {
  return a && b ? 'both' : a ? 'a' : 'b';
}

function reader(spans: Generator<Span, boolean>) {
  let cursor: Cursor | undefined;
  let whole: boolean | undefined;
  return {
    head(): Cursor | undefined {
      while (cursor === undefined && whole === undefined) {
        const { done, value } = spans.next();
        if (done === true) whole = value;
        else if (value.start < value.end) cursor = { ...value, skip: 0 };
      }
      return cursor;
    },
    /** Whether the list ended, and not just what the dump has of it. */
    whole: (): boolean => whole !== false,
    advance(to: number): void {
      if (cursor === undefined) return;
      if (to >= cursor.end) cursor = undefined;
      else {
        cursor.skip += to - cursor.start;
        cursor.start = to;
      }
    },
  };
}

function same(a: Cursor, b: Cursor): boolean {
  const { aspects: left = [], skip: leftSkip } = a;
  const { aspects: right = [], skip: rightSkip } = b;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    const x = left[i] as Aspect;
    const y = right[i] as Aspect;
    if (x.of !== y.of) return false;
    if (x.at === undefined || y.at === undefined ? x.at !== y.at : x.at + leftSkip !== y.at + rightSkip)
      return false;
  }
  return true;
}

function shifted(aspects: readonly Aspect[], skip: number): readonly Aspect[] {
  return skip === 0
    ? aspects
    : aspects.map((aspect) => (aspect.at === undefined ? aspect : { ...aspect, at: aspect.at + skip }));
}

/** Whether a stretch differs as the one before it does, so that both are one. */
function continues(held: SpanDifference, piece: SpanDifference): boolean {
  if (held.end !== piece.start) return false;
  return (
    advances(held.a, piece.a, piece.start - held.start) && advances(held.b, piece.b, piece.start - held.start)
  );
}

function advances(
  from: readonly Aspect[] | undefined,
  to: readonly Aspect[] | undefined,
  by: number,
): boolean {
  if (from === undefined || to === undefined) return from === to;
  return same({ start: 0, end: 0, aspects: from, skip: by }, { start: 0, end: 0, aspects: to, skip: 0 });
}
